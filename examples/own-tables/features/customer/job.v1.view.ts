import { decimal, defineFeatureView, int32, sql, string } from 'riskgraph';
import { customer } from 'riskgraph/entities';

export default defineFeatureView({
  entity: customer,
  description: 'The employment of a customer that holds at the as-of.',
  owner: 'application-risk',
  schedule: { every: 'day', delay: '2h' },
  features: {
    status: string({ description: 'How the customer is employed' }),
    tenure_days: int32({
      unit: 'days',
      description: 'Days since the customer was hired; NULL where the day is not known',
    }),
    verified_salary: decimal({
      unit: 'CNY',
      description: 'The salary a month, where more than the customer says so; NULL otherwise',
    }),
  },
  query: ({ source, asOf }) => sql`
    SELECT customer_id, e.status AS status,
      toInt32(dateDiff('day', e.hired_on, ${asOf.date})) AS tenure_days,
      if(e.verified_by != 'STATED', e.monthly_salary, NULL) AS verified_salary
    FROM ${source('employment')} AS e
    ORDER BY effective_at DESC LIMIT 1 BY customer_id`,
});
