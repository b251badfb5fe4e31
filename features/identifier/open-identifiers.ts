/** The identifiers that would tie one more customer to those who are on them. */
import { raw, type Sql, sql, type ViewQueryContext } from 'riskgraph';
import { LINK_KINDS, NODE_TYPES, nodeTypeSql, nullLikeSql } from 'riskgraph/gang-links';

/** As in the links of gangs: new customers in so many months, and more than half of the most that a kind may have, say a trade. */
const MONTHS_OF_A_TRADE = 6;

const listed = (types: readonly string[]): string => types.map((type) => `'${type}'`).join(', ');
const MOST = Object.values(LINK_KINDS).map(({ mostCustomers }) => mostCustomers);

/**
 * `(SELECT …)` of them at the as-of: `node_type`, `identifier`, `degree` (customers on it, from 1), `last_seen` (by any of them), `customer_id`. One with a null-like value,
 * a trusted one, and one that is a supernode or becomes one by that customer are left out.
 */
export const openIdentifiers = ({ source, asOf }: Pick<ViewQueryContext, 'source' | 'asOf'>): Sql => sql`
    (SELECT node_type, identifier, degree, last_seen, arrayJoin(users) AS customer_id
    FROM (
      SELECT node_type, identifier, groupArray(customer_id) AS users, count() AS degree, max(last_used) AS last_seen,
        uniqExact(toYYYYMM(first_seen)) AS months, transform(node_type, [${raw(listed(NODE_TYPES))}], [${raw(MOST.join(', '))}], 0) AS most
      FROM (
        SELECT ${nodeTypeSql(raw('identifier_type'))} AS node_type, identifier, customer_id, min(seen_at) AS first_seen, max(seen_at) AS last_used
        FROM ${source('identifier_links')} WHERE identifier_type IN (${raw(listed([...NODE_TYPES, 'CONTACT_PHONE']))}) AND NOT ${nullLikeSql(raw('identifier'))}
        GROUP BY node_type, identifier, customer_id)
      WHERE (node_type, identifier) NOT IN (
        SELECT ${nodeTypeSql(raw('identifier_type'))}, identifier FROM ${source('trusted_identifiers')} WHERE until IS NULL OR until > ${asOf.instant})
      GROUP BY node_type, identifier
      HAVING degree < most AND NOT (months >= ${raw(String(MONTHS_OF_A_TRADE))} AND (degree + 1) * 2 > most)))`;
