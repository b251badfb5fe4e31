import type { ColumnName, TableName } from './register.js';
import type { Sql } from './sql.js';

/** How a dimension's values compare in a filter; STRING also for codes that only look like numbers. */
export type DimensionType = 'STRING' | 'INT64' | 'DECIMAL' | 'DATE';

export interface IndicatorDimension {
  /** SQL over the columns of the indicator's `from`. */
  readonly expression: string;
  readonly description: string;
  /** STRING when absent. */
  readonly type?: DimensionType;
}

export interface SourceOptions<Table extends string = string> {
  /** The columns that the query reads; all where absent. `event_time` and `ingested_at` are there whatever is listed. */
  readonly columns?: readonly ColumnName<Table>[];
  /**
   * A condition on key columns of the table alone, such as ``sql`as_of >= ${asOf.date} - 31` ``. The rows are those that the same condition
   * around the source would leave; here it is asked before the newest version of each key is chosen, so that less is read and sorted.
   */
  readonly where?: Sql;
}

export interface IndicatorSourceOptions<Table extends string = string> extends SourceOptions<Table> {
  /**
   * For a table with a row a day, whose day is the `date` of `from`: only days that the report needs are read. Of a stock that is the newest
   * day of each period on which the table has rows.
   */
  readonly dated?: boolean;
}

export interface IndicatorQueryContext {
  /** The source table as it was known at the report's knowledge time (see ViewQueryContext.source). */
  source<const T extends TableName>(table: T, options?: IndicatorSourceOptions<T>): Sql;
  /** String: the portfolio's time zone. */
  readonly timezone: Sql;
}

/** What an indicator says of itself, whatever it is computed from. */
export interface IndicatorWords {
  readonly domain: string;
  /** States the formula, its population and its variant. */
  readonly description: string;
  readonly owner: string;
  /** 'fraction', 'CNY', 'count', … */
  readonly unit: string;
  /** The term that the field uses in Chinese. */
  readonly term?: string;
  /** The formula in short, as a report's footnote prints it. */
  readonly formula?: string;
  /** Which way is better for the lender; absent where neither is. */
  readonly direction?: 'HIGHER_IS_BETTER' | 'LOWER_IS_BETTER';
  /** What a reader takes it for, and it is not. */
  readonly pitfalls?: string;
}

/** An indicator with a query of its own. */
export interface QueriedIndicatorSpec extends IndicatorWords {
  /** A stock is read at the newest day of a period that has rows; a flow is aggregated over the whole period. */
  readonly stock: boolean;
  /** The finest period that the data has: asking for a finer one is refused instead of answered with gaps. */
  readonly finestGrain: 'DAY' | 'MONTH';
  /** A SELECT without parentheses around it, with a `date` column (Date, local day) and the columns that the expressions below name. */
  readonly from: (context: IndicatorQueryContext) => Sql;
  /** Aggregate SQL expressions over `from`: value = numerator / denominator; without a denominator the numerator itself. */
  readonly numerator: string;
  readonly denominator?: string;
  readonly dimensions: Readonly<Record<string, IndicatorDimension>>;
}

/** A measure of a fact: `fact@version:measure`. */
export type MeasureReference = string;

/** A measure over all rows up to the end of each period, also those before the window. */
export interface CumulativeMeasure {
  readonly cumulative: MeasureReference;
}

/** How a measure is spread over the values of a dimension: the sum of squared shares, the Gini coefficient, or the share of the largest. */
export type SpreadStatistic = 'HHI' | 'GINI' | { readonly top: number };

/** What is measured of facts; see the functions below, one for each kind. */
export type IndicatorShape =
  | { readonly kind: 'total'; readonly of: MeasureReference | CumulativeMeasure }
  | {
      readonly kind: 'ratio';
      readonly of: MeasureReference | CumulativeMeasure;
      readonly over: MeasureReference | CumulativeMeasure;
    }
  | {
      readonly kind: 'spread';
      readonly of: MeasureReference;
      readonly across: string;
      readonly statistic: SpreadStatistic;
    }
  | { readonly kind: 'funnel'; readonly of: string; readonly steps: readonly string[] };

/** The measure itself. */
export const totalOf = (of: MeasureReference | CumulativeMeasure): IndicatorShape => ({ kind: 'total', of });

/** One measure over another, of the same fact or of two. Of two facts only the dimensions that both have can be asked for. */
export const ratioOf = (
  of: MeasureReference | CumulativeMeasure,
  over: MeasureReference | CumulativeMeasure,
): IndicatorShape => ({ kind: 'ratio', of, over });

/** A sum or a count of a flow over all rows up to the end of each period: what was ever disbursed, for example. */
export const cumulative = (measure: MeasureReference): CumulativeMeasure => ({ cumulative: measure });

/** How much of a measure lies with few values of a dimension. Values without the dimension are one value. */
export const spreadOf = (
  of: MeasureReference,
  { across, statistic }: { readonly across: string; readonly statistic: SpreadStatistic },
): IndicatorShape => ({ kind: 'spread', of, across, statistic });

/**
 * How many people who take the first step get how far, in this order. `of` is a fact of steps, `fact@version`: a flow with the columns `person`,
 * `step` (text) and `at` (DateTime64). Read whole by `funnel`; as an indicator it is the people who reach the last step over those who take the first.
 */
export const funnelOf = (of: string, steps: readonly string[]): IndicatorShape => ({ kind: 'funnel', of, steps });

/** An indicator over facts, which declare the rows, dimensions and measures. */
export interface MeasuredIndicatorSpec extends IndicatorWords {
  readonly value: IndicatorShape;
}

export type IndicatorSpec = QueriedIndicatorSpec | MeasuredIndicatorSpec;

/** A management indicator. Its name and version are those of its file: `indicators/<name>.v<n>.indicator.ts`, or `<name>.indicator.ts` for the first. */
export const defineIndicator = (spec: IndicatorSpec): { readonly kind: 'indicator' } & IndicatorSpec =>
  Object.freeze({ kind: 'indicator', ...spec });
