import type { LocalDate } from '../helpers/time.js';
import type { EntityDefinition } from './define-entity.js';
import type { SourceOptions } from './define-indicator.js';
import type { TableName } from './register.js';
import type { Sql } from './sql.js';

/** What the SQL of a label may read: tables as they were known when the label's rows became known. */
export interface LabelQueryContext {
  /** The source table as it was known then: newest version a key, no tombstones, with the columns of the table and `event_time`. */
  source<const T extends TableName>(table: T, options?: SourceOptions<T>): Sql;
  /** Date: the first and the last local day of the observations that are asked for. */
  readonly from: Sql;
  readonly to: Sql;
  /** String: the portfolio's time zone. */
  readonly timezone: Sql;
}

export interface LabelOutcomeContext extends LabelQueryContext {
  /**
   * The observations, in parentheses: entity_id, observed_on (Date), observed_at (DateTime64(3,'UTC')), and the window, whose days are those after
   * `opens_after` (Date) up to `ends_on` (Date).
   */
  readonly observations: Sql;
}

/** Where an outcome is looked for from; see the functions below, one for each kind. */
export type LabelObservation =
  | { readonly kind: 'month_end'; readonly at: string | null }
  | { readonly kind: 'application'; readonly kinds: readonly string[] | null }
  | { readonly kind: 'months_on_book'; readonly months: number }
  | { readonly kind: 'first_due' }
  | { readonly kind: 'enters_dpd'; readonly dpd: number }
  | { readonly kind: 'sql'; readonly query: (context: LabelQueryContext) => Sql };

/**
 * Each customer, or loan, on book at a month end. Observed with the last millisecond of that day; with `at`, a wall-clock time `HH:mm`, at that time
 * of the day after, when features as of that midnight can be read.
 */
export const monthEnds = ({ at }: { readonly at?: string } = {}): LabelObservation => ({
  kind: 'month_end',
  at: at ?? null,
});

/** Each application when it is made; `kinds` names those that count, as CREDIT or LOAN. */
export const eachApplication = ({ kinds }: { readonly kinds?: readonly string[] } = {}): LabelObservation => ({
  kind: 'application',
  kinds: kinds ?? null,
});

/** Each loan that is on book so many months after its disbursement, with that day's last millisecond; 0 is the disbursement itself. */
export const monthsOnBook = (months: number): LabelObservation => ({ kind: 'months_on_book', months });

/** Each loan when it is disbursed; its window opens after the first due date of its first schedule. */
export const firstDueDate = (): LabelObservation => ({ kind: 'first_due' });

/** Each loan, or customer, with the last millisecond of a day on which it is so many days past due, or more, and was not the day before. */
export const entersDpd = (dpd: number): LabelObservation => ({ kind: 'enters_dpd', dpd });

/** Observations of one's own: a SELECT of entity_id (String) and observed_at (DateTime64(3,'UTC')), on local days `from` to `to`, one row each. */
export const observedBy = (query: (context: LabelQueryContext) => Sql): LabelObservation => ({ kind: 'sql', query });

/** The loans that an outcome is about: every loan of the customer, or the one that is observed (of an application: those that it led to). */
export type LabelLoans = 'any' | 'observed';
/** On any day of the window, or on its last one. */
export type LabelMoment = 'within' | 'at_end';
export type LoanStatus = 'CURRENT' | 'OVERDUE' | 'SETTLED' | 'WRITTEN_OFF' | 'SOLD';

export type LabelOutcome =
  | { readonly kind: 'dpd'; readonly atLeast: number; readonly on: LabelLoans; readonly when: LabelMoment }
  | {
      readonly kind: 'status';
      readonly statuses: readonly LoanStatus[];
      readonly on: LabelLoans;
      readonly when: LabelMoment;
    }
  | { readonly kind: 'sql'; readonly query: (context: LabelOutcomeContext) => Sql };

interface LoanOutcomeOptions {
  /** `observed` when absent. */
  readonly on?: LabelLoans;
  /** `within` when absent. */
  readonly when?: LabelMoment;
}

/** A loan is so many days past due, or more, or is written off. */
export const dpdReaches = (
  atLeast: number,
  { on = 'observed', when = 'within' }: LoanOutcomeOptions = {},
): LabelOutcome => ({
  kind: 'dpd',
  atLeast,
  on,
  when,
});

/** A loan has one of these statuses: CURRENT is on book with nothing past due. */
export const statusReaches = (
  statuses: readonly LoanStatus[],
  { on = 'observed', when = 'within' }: LoanOutcomeOptions = {},
): LabelOutcome => ({ kind: 'status', statuses, on, when });

/**
 * An outcome of one's own: a SELECT of entity_id, observed_at and value (a number; NULL is indeterminate), one row an observation. One that it gives
 * no row is indeterminate.
 */
export const outcomeBy = (query: (context: LabelOutcomeContext) => Sql): LabelOutcome => ({ kind: 'sql', query });

/** What an observation counts as whose loans closed before the outcome came: as one without it, or as neither. */
export type LabelClosure = 'good' | 'indeterminate' | 'excluded';

/** Some of a label's observations, of which a share goes into spines. */
export interface LabelStratum {
  /**
   * Which they are: a condition in SQL on `value` (NULL where there is no outcome), `outcome` (`INDETERMINATE`, or empty) and `observed_on` (Date). The first
   * stratum that holds counts. Only a condition that names `outcome` holds for the indeterminate.
   */
  readonly when: string;
  /** The share that is taken, 0 to 1. */
  readonly rate: number;
}

/**
 * The share of each stratum that spines take (`spineFromLabel`). A row is in or out by a hash of its entity and its instant, whatever else there is, and
 * a higher rate keeps all that a lower one has.
 */
export interface LabelSampling {
  /** Another text chooses other rows; absent: the name of the label, so that its versions choose alike. */
  readonly seed?: string;
  /** By name. An observation in none is taken where it has an outcome; the indeterminate need a stratum, and the excluded are never taken. */
  readonly strata: Readonly<Record<string, LabelStratum>>;
}

/** Parts of a spine by the local day of the observation: `train`, from `validation` on `validation`, from `outOfTime` on `out_of_time`. */
export interface LabelSplit {
  readonly validation?: LocalDate;
  readonly outOfTime: LocalDate;
}

export interface LabelSpec {
  readonly entity: EntityDefinition;
  readonly description: string;
  readonly owner: string;
  readonly tags?: readonly string[];
  readonly observation: LabelObservation;
  /**
   * The window in which it performs: so many days, or months, after the local day of the observation, whose last day counts. Months after a month end end with
   * a month. An outcome is known two hours after the last day, and once the tables that decide it reach so far.
   */
  readonly window: { readonly days: number } | { readonly months: number };
  readonly outcome: LabelOutcome;
  /**
   * Observations that are no part of the population, by reason: conditions in SQL on what was true at the observation: `dpd` (the most of its
   * loans), `open_loans`, `written_off_before`.
   */
  readonly exclude?: Readonly<Record<string, string>>;
  /** Observations without the outcome that still are not good, by reason: conditions on the above and `max_dpd`, `settled`, `sold`, `open_at_end`. */
  readonly indeterminate?: Readonly<Record<string, string>>;
  /** No loan is on book at the end of the window: `good` when absent. */
  readonly closed?: LabelClosure;
  /** A loan was sold within the window: `indeterminate` when absent. */
  readonly sold?: LabelClosure;
  /** Every outcome when absent. With it, spines have the column `sample_weight`: 1 over the rate of the row's stratum. */
  readonly sampling?: LabelSampling;
  /** With it, spines have the column `split`. */
  readonly split?: LabelSplit;
}

/** An outcome that models learn. Its name and version are those of its file: `labels/<name>.v<n>.label.ts`, or `labels/<name>.label.ts` for the first. */
export const defineLabel = (spec: LabelSpec): { readonly kind: 'label' } & LabelSpec =>
  Object.freeze({ kind: 'label', ...spec });
