import type { IndicatorDimension, IndicatorQueryContext } from './define-indicator.js';
import type { Sql } from './sql.js';

export interface FactMeasure {
  /** Aggregate SQL over the columns of the fact's `from`, such as `sum(balance)`. */
  readonly expression: string;
  readonly description: string;
  /** 'CNY', 'count', 'days', … */
  readonly unit: string;
  /**
   * A column of `from` (Date): the day at whose end the outcome of a row is settled. A period with a row whose day is still to come is IMMATURE, in
   * every group; one of 2149-06-06, the last Date, says that the outcome was never recorded, and the period is INCOMPLETE.
   */
  readonly matures?: string;
}

export interface FactSpec {
  /** States the population, and what a row is dated by. */
  readonly description: string;
  readonly owner: string;
  /** What a row is, such as 'one loan at the end of a local day'. */
  readonly grain: string;
  /** A stock holds the rows of days, and is read at the newest day of a period that has rows; a flow is aggregated over the whole period. */
  readonly stock: boolean;
  /** The finest period that the data has. */
  readonly finestGrain: 'DAY' | 'MONTH';
  /** A SELECT without parentheses around it, with a `date` column (Date, local day) and the columns that the expressions below name. */
  readonly from: (context: IndicatorQueryContext) => Sql;
  /**
   * A SELECT of `date` (Date) whose newest tells how far the rows reach, where reading all of them for it costs too much, or where their own days lie ahead
   * of what is known, as those on which money falls due. Where absent, it is the newest day of `from`.
   */
  readonly through?: (context: IndicatorQueryContext) => Sql;
  readonly dimensions: Readonly<Record<string, IndicatorDimension>>;
  readonly measures: Readonly<Record<string, FactMeasure>>;
}

/**
 * Rows that indicators measure, with their dimensions and measures declared once. Its name and version are those of its file:
 * `indicators/facts/<name>.v<n>.fact.ts`, or `indicators/facts/<name>.fact.ts` for the first.
 */
export const defineFact = (spec: FactSpec): { readonly kind: 'fact' } & FactSpec =>
  Object.freeze({ kind: 'fact', ...spec });
