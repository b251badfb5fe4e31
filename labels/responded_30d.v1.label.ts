import { defineLabel, observedBy, outcomeBy, sql } from 'riskgraph';
import { customer } from '../features/entities.js';

export default defineLabel({
  entity: customer,
  description:
    'A customer responds within 30 days to a campaign contact: 1 is a response. Contacts of one customer at the same instant are one observation.',
  owner: 'marketing-analytics',
  tags: ['marketing'],
  observation: observedBy(
    ({ source, from, to, timezone }) => sql`
      SELECT DISTINCT customer_id AS entity_id, sent_at AS observed_at FROM ${source('campaign_contacts')}
      WHERE toDate(sent_at, ${timezone}) >= ${from} AND toDate(sent_at, ${timezone}) <= ${to}`,
  ),
  window: { days: 30 },
  outcome: outcomeBy(
    ({ source, observations, timezone }) => sql`
      SELECT c.customer_id AS entity_id, c.sent_at AS observed_at,
        max(ifNull(c.responded_at >= c.sent_at AND toDate(c.responded_at, ${timezone}) <= o.ends_on, 0)) AS value
      FROM ${source('campaign_contacts')} AS c
      INNER JOIN ${observations} AS o ON c.customer_id = o.entity_id AND c.sent_at = o.observed_at
      GROUP BY entity_id, observed_at`,
  ),
});
