/** What the views of gangs have in common. */
import { type Sql, sql, type ViewQueryContext } from 'riskgraph';
import { gangLinksSql } from 'riskgraph/gang-links';

/** `(SELECT …)` of the members of all gangs at the as-of, one row a customer, with the columns of `gang_members`. */
export const gangMembers = ({ source }: Pick<ViewQueryContext, 'source'>): Sql => sql`
  (SELECT * FROM (SELECT * FROM ${source('gang_members')} ORDER BY as_of DESC LIMIT 1 BY customer_id) WHERE gang_id != '')`;

/** `(SELECT …)` of the links that tie customers at the as-of: see gangLinksSql. */
export const gangLinks = ({ source, asOf }: Pick<ViewQueryContext, 'source' | 'asOf'>): Sql => sql`
  (${gangLinksSql({ links: source('identifier_links'), trusted: source('trusted_identifiers'), asOf: asOf.instant })})`;

/** `(SELECT …)` of `gang_id` and `verdict` of gangs with a verdict in force at the as-of. */
export const verdictsInForce = ({ source, asOf }: Pick<ViewQueryContext, 'source' | 'asOf'>): Sql => sql`
  (SELECT gang_id, verdict FROM (SELECT * FROM ${source('gang_verdicts')} ORDER BY judged_at DESC LIMIT 1 BY gang_id)
    WHERE verdict != 'NONE' AND (until IS NULL OR until > ${asOf.instant}))`;
