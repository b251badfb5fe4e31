import type { Sql } from './sql.js';

export interface IndicatorDimension {
  /** SQL over the columns of the indicator's `from`. */
  readonly expression: string;
  readonly description: string;
}

export interface IndicatorQueryContext {
  /** The source table as it was known at the report's knowledge time (see ViewQueryContext.source). */
  source(table: string): Sql;
  readonly timezone: Sql;
}

export interface IndicatorSpec {
  readonly domain: string;
  /** States the formula, its population and its variant; pinned in words. */
  readonly description: string;
  readonly owner: string;
  /** 'fraction', 'CNY', 'count', … */
  readonly unit: string;
  /** A stock is read at the end of a period, a flow is summed over it. */
  readonly stock: boolean;
  /** A SELECT or a source whose rows are counted: must have a `date` column (local Date). */
  readonly from: (context: IndicatorQueryContext) => Sql;
  /** Aggregate SQL expressions over `from`: value = numerator / denominator; without a denominator the numerator itself. */
  readonly numerator: string;
  readonly denominator?: string;
  readonly dimensions: Readonly<Record<string, IndicatorDimension>>;
}

export const defineIndicator = (spec: IndicatorSpec): { kind: 'indicator' } & IndicatorSpec =>
  Object.freeze({ kind: 'indicator', ...spec });
