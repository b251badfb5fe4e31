/** Management indicators (MIS metrics) by period and dimension. */
import type { Model } from '../definitions/definitions.js';
import type { FeatureValue } from '../definitions/types.js';
import type { Instant, LocalDate } from '../helpers/time.js';
import type { RowRight } from './access.js';
import type { TableColumn } from './offline.js';

/** Lengths of a period, the finest first. */
export const TIME_GRAINS = ['HOUR', 'DAY', 'WEEK', 'MONTH', 'QUARTER', 'YEAR', 'TOTAL'] as const;
export type TimeGrain = (typeof TIME_GRAINS)[number];

export const COMPARISONS = ['PREVIOUS_PERIOD', 'SAME_PERIOD_LAST_YEAR'] as const;
export type Comparison = (typeof COMPARISONS)[number];

export const FILTER_OPS = ['EQ', 'NE', 'IN', 'NOT_IN', 'GT', 'GTE', 'LT', 'LTE'] as const;
export type FilterOp = (typeof FILTER_OPS)[number];

export type NullReason = 'ZERO_DENOMINATOR' | 'IMMATURE' | 'NO_DATA' | 'INCOMPLETE';

export const BASES = ['BALANCE', 'COUNT'] as const;
/** Principal, or number of loans. */
export type Basis = (typeof BASES)[number];

export const OBSERVATIONS = ['CURRENT', 'EVER'] as const;
/** As it is at the month end, or the worst up to it. */
export type Observation = (typeof OBSERVATIONS)[number];

export interface IndicatorFilter {
  readonly dimension: string;
  readonly op: FilterOp;
  readonly values: readonly string[];
}

/** What all reports ask alike. */
export interface ReportScope {
  readonly by: readonly string[];
  /** All of them must hold. */
  readonly filters: readonly IndicatorFilter[];
  /** What rows the caller may read: all of them must hold of every row that a number is made of; none where it reads every row. */
  readonly rights: readonly RowRight[];
  /** Knowledge time; null means the time of the request. */
  readonly asOf: Instant | null;
  readonly now: Instant;
  /** Ends the read with its reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface VintageRequest extends ReportScope {
  /** A loan counts from so many days past due on, from 1. */
  readonly dpd: number;
  readonly basis: Basis;
  readonly observed: Observation;
  /** MONTH, QUARTER, YEAR or TOTAL. */
  readonly cohortGrain: TimeGrain;
  /** First and last local day of the disbursements, both inclusive; null: the first, and the last, that there is. */
  readonly fromCohort: LocalDate | null;
  readonly toCohort: LocalDate | null;
  /** The last month on book, from 0. */
  readonly maxMob: number;
}

export interface RollRatesRequest extends ReportScope {
  readonly from: LocalDate;
  readonly to: LocalDate;
  readonly basis: Basis;
}

export interface FunnelRequest extends ReportScope {
  /** A funnel: a name means its newest version in force, `name@version` that one. */
  readonly name: string;
  /** First and last local day of the first steps, both inclusive. */
  readonly from: LocalDate;
  readonly to: LocalDate;
  readonly grain: TimeGrain;
  /** Times 24 hours from the first step on in which a later one counts, from 1. */
  readonly windowDays: number;
}

export interface IndicatorTableRequest extends ReportScope {
  /** A name means the newest version in force, `name@version` that one. */
  readonly names: readonly string[];
  readonly grain: TimeGrain;
  /** First and last local day, both inclusive. */
  readonly from: LocalDate;
  readonly to: LocalDate;
  readonly compare: Comparison | null;
  /** Adds `<name>__num` and `<name>__den`. */
  readonly components: boolean;
  /** The column to order by; a leading `-` means descending. */
  readonly orderBy: string | null;
  readonly limit: number | null;
}

export interface DataTable {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly FeatureValue[])[];
  /** The reason of each NULL cell. */
  readonly nulls: readonly { readonly row: number; readonly column: string; readonly reason: NullReason }[];
  /** The last local day up to which every column has data; null where one has none. */
  readonly dataThrough: LocalDate | null;
  readonly asOf: Instant | null;
}

/** Computes indicators from the source tables. Each read is FORBIDDEN where rows that it needs lack a dimension of the caller's rights. */
export interface IndicatorService {
  /** Returns one row per period and combination of dimensions. BAD_USER_INPUT names an unknown indicator, dimension or column. */
  table(request: IndicatorTableRequest): Promise<DataTable>;
  /**
   * Returns cohorts of loans by months on book: one row per cohort, combination of dimensions and month on book, 0 being the month of the disbursement.
   * The denominator is all that was disbursed, for ever. Loans that closed count on as they closed: written-off ones at the balance charged off.
   */
  vintage(request: VintageRequest): Promise<DataTable>;
  /**
   * Returns where the loans on book at the end of a month are at the end of the next, same loans only: one row per month, combination of dimensions, bucket
   * at its start and state at its end. PAID is the principal paid; by COUNT the loans settled. Months of which a month end lacks snapshots are left out.
   */
  rollRates(request: RollRatesRequest): Promise<DataTable>;
  /**
   * Returns how far people get who take the first step in a period: one row per period, combination of dimensions and step. A person counts once at each step
   * reached, in order; steps after the first are IMMATURE until the window of the period's last first step is over. BAD_USER_INPUT where the indicator is no funnel.
   */
  funnel(request: FunnelRequest): Promise<DataTable>;
}

/** What a model answers for rows. */
export interface Predictions {
  /** One a row, as the model gives it: of a broken model or a strange row it may be NaN, or out of [0, 1]. */
  readonly probabilities: Float32Array;
  /** Why the run failed, by the index of the row; the probability of such a row is NaN. */
  readonly failures: ReadonlyMap<number, string>;
}

/** Runs models. */
export interface Scorer {
  /** Opens a session for each model and checks its tensors against the definition; the error lists every problem. */
  open(models: readonly Model[]): Promise<void>;
  /**
   * Predicts P(bad) for each row of a `rows` × input-columns matrix in row-major order, with NaN for a missing value. `scoreAt`
   * (core/compute/score-view.ts) says which answers are scores.
   */
  predict(model: Model, matrix: Float32Array, rows: number): Promise<Predictions>;
  close(): Promise<void>;
}
