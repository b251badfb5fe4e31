/** Reports of a caller who may read some rows alone. */
import type { FactRows, Indicator, IndicatorPart } from '../core/definitions/definitions.js';
import { join, sql } from '../core/definitions/sql.js';
import { RiskgraphError } from '../core/errors.js';
import type { RowRight } from '../core/ports/access.js';
import type { Catalogue } from '../core/ports/catalogue.js';
import { condition, dimensionSql } from './sql.js';

type Reports = Pick<Catalogue, 'namedIndicator' | 'indicators' | 'facts'>;

/**
 * The catalogue whose rows are those that the caller may read. The rows themselves are bound, before a report filters, groups, totals or follows people through
 * them: so no report can read past the rights, however it is asked.
 */
export function withinRights(catalogue: Reports, rights: readonly RowRight[]): Reports {
  if (rights.length === 0) return catalogue;
  const known = new Map<FactRows, FactRows>();
  /** The same rows are the same again: a report reads them once. */
  const own = <T extends FactRows>(rows: T): T => {
    const bound = known.get(rows) ?? boundRows(rows, rights);
    known.set(rows, bound);
    return bound as T;
  };
  const ownPart = (part: IndicatorPart): IndicatorPart => ({ ...part, rows: own(part.rows) });
  const ownIndicator = (indicator: Indicator): Indicator => ({
    ...indicator,
    numerator: ownPart(indicator.numerator),
    denominator: indicator.denominator && ownPart(indicator.denominator),
    funnel: indicator.funnel && { ...indicator.funnel, rows: own(indicator.funnel.rows) },
  });
  return {
    namedIndicator: (reference) => ownIndicator(catalogue.namedIndicator(reference)),
    indicators: () => catalogue.indicators().map(ownIndicator),
    facts: () => catalogue.facts().map(own),
  };
}

/** Rows without a dimension of the rights are FORBIDDEN as soon as they are read. */
function boundRows<T extends FactRows>(rows: T, rights: readonly RowRight[]): T {
  const from: FactRows['from'] = (context) => {
    for (const { dimension } of rights) if (!(dimension in rows.dimensions)) throw outOfReach(dimension);
    const kept = rights.map((right) => condition(rows, { ...right, op: 'IN' }, dimensionSql(rows, right.dimension)));
    return sql`SELECT * FROM (${rows.from(context)}) WHERE ${join(kept, ' AND ')}`;
  };
  // How far the rows of others reach is none of the caller's.
  return { ...rows, from, through: from };
}

const outOfReach = (dimension: string): RiskgraphError =>
  new RiskgraphError({
    code: 'FORBIDDEN',
    message: `this key reads the rows of some values of ${dimension} alone, and what the report counts has no ${dimension}`,
    hint: `ask for a report that has the dimension ${dimension}: \`indicators\` lists those`,
  });
