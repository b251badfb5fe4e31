/** Which identifiers tie customers into gangs, how strongly, and when one is shared by so many that it says nothing of any two of them. */
import { join, param, raw, type Sql, sql } from '../definitions/sql.js';

interface LinkKind {
  /** From 0 to 1: how surely two customers who share it, and no third, belong together. */
  readonly strength: number;
  /** Customers above which it is a shop's, an agent's or a carrier's and ties no two of them. */
  readonly mostCustomers: number;
}

/** The kinds that tie customers. An IP and an employer are shared by strangers: two customers have them in common by chance. */
export const LINK_KINDS = {
  DEVICE: { strength: 1, mostCustomers: 10 },
  PHONE: { strength: 1, mostCustomers: 12 },
  ID_NUMBER: { strength: 1, mostCustomers: 5 },
  BANK_CARD: { strength: 1, mostCustomers: 5 },
  GUARANTOR: { strength: 1, mostCustomers: 5 },
  PAYEE_ACCOUNT: { strength: 0.8, mostCustomers: 40 },
  REFERRER: { strength: 0.4, mostCustomers: 12 },
  WIFI: { strength: 0.5, mostCustomers: 20 },
  ADDRESS: { strength: 0.5, mostCustomers: 20 },
} as const satisfies Record<string, LinkKind>;

export type NodeType = keyof typeof LINK_KINDS;
export const NODE_TYPES = Object.keys(LINK_KINDS) as readonly NodeType[];

/** What forms and phones report where they have no value, in lower case. */
const NO_VALUE_WORDS = ['null', 'none', 'nil', 'undefined', 'unknown', 'n/a', 'na', 'no'];

/** New customers in so many months, and more than half of the most that a kind may have: it serves a trade, where a ring is made in weeks. */
const MONTHS_OF_A_TRADE = 6;

/** A person's own number and a number that another names are one telephone. */
export const nodeTypeSql = (type: Sql): Sql => sql`if(${type} = 'CONTACT_PHONE', 'PHONE', ${type})`;

/** Bool: nothing, zeros, or a word for nothing, which a phone or a form reports where it has no value. */
export const nullLikeSql = (identifier: Sql): Sql =>
  sql`(match(${identifier}, '^[0fF \\\\-:.]*$') OR has(${param('Array(String)', NO_VALUE_WORDS)}, lower(trim(${identifier}))))`;

export interface GangLinksOptions {
  /** `identifier_links` and `trusted_identifiers` as they were known. */
  readonly links: Sql;
  readonly trusted: Sql;
  /** DateTime64(3, 'UTC'): where it is past the end of a trust, the trust is over. */
  readonly asOf: Sql;
}

const perKind = (of: (kind: LinkKind) => number): Sql =>
  sql`transform(node_type, ${param('Array(String)', [...NODE_TYPES])}, ${param('Array(Float64)', Object.values(LINK_KINDS).map(of))}, 0.)`;

/**
 * `SELECT` of the links that make gangs: `node_type`, `identifier`, `degree` (customers who share it, from 2), `weight` in (0, 1], `customer_id`,
 * `first_seen`, `last_seen`. An identifier with a null-like value, a trusted one and a supernode are left out.
 */
export function gangLinksSql({ links, trusted, asOf }: GangLinksOptions): Sql {
  const known = join(
    [...NODE_TYPES, 'CONTACT_PHONE'].map((type) => raw(`'${type}'`)),
    ', ',
  );
  return sql`
    SELECT node_type, identifier, degree, least(1., ${perKind(({ strength }) => strength)} / log2(degree)) AS weight,
      arrayJoin(users) AS user, user.1 AS customer_id, user.2 AS first_seen, user.3 AS last_seen
    FROM (
      SELECT node_type, identifier, groupArray((customer_id, first_seen, last_seen)) AS users, count() AS degree,
        uniqExact(toYYYYMM(first_seen)) AS months, ${perKind(({ mostCustomers }) => mostCustomers)} AS most
      FROM (
        SELECT ${nodeTypeSql(raw('identifier_type'))} AS node_type, identifier, customer_id, min(seen_at) AS first_seen, max(seen_at) AS last_seen
        FROM ${links} WHERE identifier_type IN (${known}) AND NOT ${nullLikeSql(raw('identifier'))}
        GROUP BY node_type, identifier, customer_id)
      WHERE (node_type, identifier) NOT IN (
        SELECT ${nodeTypeSql(raw('identifier_type'))}, identifier FROM ${trusted} WHERE until IS NULL OR until > ${asOf})
      GROUP BY node_type, identifier
      HAVING degree >= 2 AND degree <= most AND NOT (months >= ${MONTHS_OF_A_TRADE} AND degree * 2 > most))`;
}
