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

export interface SourceOptions {
  /**
   * A condition on key columns of the table alone, such as ``sql`as_of >= ${asOf.date} - 31` ``. The rows are those that the same condition
   * around the source would leave; here it is asked before the newest version of each key is chosen, so that less is read and sorted.
   */
  readonly where?: Sql;
}

export interface IndicatorSourceOptions extends SourceOptions {
  /**
   * For a table with a row a day, whose day is the `date` of `from`: only days that the report needs are read. Of a stock that is the newest
   * day of each period on which the table has rows.
   */
  readonly dated?: boolean;
}

export interface IndicatorQueryContext {
  /** The source table as it was known at the report's knowledge time (see ViewQueryContext.source). */
  source(table: string, options?: IndicatorSourceOptions): Sql;
  /** String: the portfolio's time zone. */
  readonly timezone: Sql;
}

export interface IndicatorSpec {
  readonly domain: string;
  /** States the formula, its population and its variant. */
  readonly description: string;
  readonly owner: string;
  /** 'fraction', 'CNY', 'count', … */
  readonly unit: string;
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

export const defineIndicator = (spec: IndicatorSpec): { kind: 'indicator' } & IndicatorSpec =>
  Object.freeze({ kind: 'indicator', ...spec });
