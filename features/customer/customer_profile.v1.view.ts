import { decimal, defineFeatureView, int32, sql } from 'riskgraph';
import { customer } from '../entities.js';

export default defineFeatureView({
  entity: customer,
  description: 'The statements of the customer at registration, as corrected since. One row per registered customer.',
  owner: 'credit-risk',
  tags: ['profile'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    monthly_income: decimal({ unit: 'CNY a month', description: 'Stated income; NULL where none was stated' }),
    days_since_registration: int32({
      unit: 'days',
      description: 'Local days from the registration to the as-of day',
    }),
  },
  query: ({ source, asOf, timezone }) => sql`
    SELECT customer_id, monthly_income, toInt32(dateDiff('day', toDate(registered_at, ${timezone}), ${asOf.date})) AS days_since_registration
    FROM ${source('customers')}`,
});
