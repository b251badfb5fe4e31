import { defineLabel, observedBy, outcomeBy, sql } from 'riskgraph';
import { customer } from '../features/entities.js';

export default defineLabel({
  entity: customer,
  description:
    'A customer who has settled the last open loan takes no new one within 90 days: 1 is churn. Observed at the end of the day on which the total balance ' +
    'became 0; a loan that is taken later on that day keeps the customer on book.',
  owner: 'marketing-analytics',
  tags: ['retention'],
  observation: observedBy(
    ({ source, from, to, timezone }) => sql`
      SELECT customer_id AS entity_id, toDateTime64(as_of + 1, 3, ${timezone}) - INTERVAL 1 MILLISECOND AS observed_at
      FROM ${source('loan_snapshots', { where: sql`as_of >= ${from} AND as_of <= ${to}` })}
      GROUP BY customer_id, as_of
      HAVING countIf(status = 'SETTLED') > 0 AND countIf(status IN ('CURRENT', 'OVERDUE')) = 0`,
  ),
  window: { days: 90 },
  outcome: outcomeBy(
    ({ source, observations, timezone }) => sql`
      SELECT o.entity_id AS entity_id, o.observed_at AS observed_at,
        countIf(toDate(l.disbursed_at, ${timezone}) > o.observed_on AND toDate(l.disbursed_at, ${timezone}) <= o.ends_on) = 0 AS value
      FROM ${observations} AS o LEFT JOIN ${source('loans')} AS l ON o.entity_id = l.customer_id
      GROUP BY entity_id, observed_at`,
  ),
});
