import { defineFeatureView, int32, sql } from 'riskgraph';
import { customer } from '../entities.js';

export default defineFeatureView({
  entity: customer,
  description: 'Days on which a customer opened the app: events of (as-of - 30 local days, as-of].',
  owner: 'risk',
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    login_days_30d: int32({ unit: 'days', description: 'Days with an event in 30 days' }),
  },
  query: ({ source, asOf, timezone }) => sql`
    SELECT customer_id, toInt32(uniqExact(toDate(event_time, ${timezone}))) AS login_days_30d
    FROM ${source('events')}
    WHERE event_time > ${asOf.minusDays(30)} AND event_time <= ${asOf.instant} AND customer_id IS NOT NULL
    GROUP BY customer_id`,
});
