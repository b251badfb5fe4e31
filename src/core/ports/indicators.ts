/** Management indicators by period and dimension. */
import type { Model } from '../definitions/definitions.js';
import type { FeatureValue } from '../definitions/types.js';
import type { Instant, LocalDate } from '../helpers/time.js';
import type { TableColumn } from './offline.js';

export type TimeGrain = 'HOUR' | 'DAY' | 'WEEK' | 'MONTH' | 'QUARTER' | 'YEAR' | 'TOTAL';
export type Comparison = 'PREVIOUS_PERIOD' | 'SAME_PERIOD_LAST_YEAR';
export type FilterOp = 'EQ' | 'NE' | 'IN' | 'NOT_IN' | 'GT' | 'GTE' | 'LT' | 'LTE';
export type NullReason = 'ZERO_DENOMINATOR' | 'IMMATURE' | 'NO_DATA';

export interface IndicatorTableRequest {
  readonly names: readonly string[];
  readonly by: readonly string[];
  readonly grain: TimeGrain;
  /** Local days, both included. */
  readonly from: LocalDate;
  readonly to: LocalDate;
  readonly filters: readonly {
    readonly dimension: string;
    readonly op: FilterOp;
    readonly values: readonly string[];
  }[];
  readonly compare: Comparison | null;
  /** Adds `<name>__num` and `<name>__den`. */
  readonly components: boolean;
  /** A column's name, a leading `-` for descending. */
  readonly orderBy: string | null;
  readonly limit: number | null;
  /** Knowledge time; null: now. */
  readonly asOf: Instant | null;
  readonly now: Instant;
}

export interface DataTable {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly FeatureValue[])[];
  /** Why a cell is NULL. */
  readonly nulls: readonly { readonly row: number; readonly column: string; readonly reason: NullReason }[];
  readonly dataThrough: LocalDate | null;
  readonly asOf: Instant | null;
}

export interface IndicatorService {
  /** BAD_USER_INPUT names an unknown indicator, dimension or column. */
  table(request: IndicatorTableRequest): Promise<DataTable>;
}

export interface Scorer {
  /** Opens every model's session and checks its tensors against the definition; all problems at once. */
  open(models: readonly Model[]): Promise<void>;
  /** `rows` × input columns, row by row, NaN where missing; P(bad) a row. */
  predict(model: Model, matrix: Float32Array, rows: number): Promise<Float32Array>;
  close(): Promise<void>;
}
