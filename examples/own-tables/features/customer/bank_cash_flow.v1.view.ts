import { decimal, defineFeatureView, int32, sql } from 'riskgraph';
import { customer } from 'riskgraph/entities';

export default defineFeatureView({
  entity: customer,
  description: 'Money in and out of the accounts of a customer in the 90 days before the as-of.',
  owner: 'application-risk',
  schedule: { every: 'day', delay: '2h' },
  features: {
    money_in_90d: decimal({ unit: 'CNY', description: 'Money that came in within 90 days' }),
    money_out_90d: decimal({ unit: 'CNY', description: 'Money that went out within 90 days' }),
    salaries_90d: int32({ unit: 'bookings', description: 'Bookings of a salary within 90 days' }),
    other_lenders_90d: int32({ unit: 'bookings', description: 'Disbursements by lenders within 90 days' }),
  },
  query: ({ source, asOf }) => sql`
    SELECT customer_id,
      sumIf(amount, direction = 'IN') AS money_in_90d,
      sumIf(amount, direction = 'OUT') AS money_out_90d,
      toInt32(countIf(category = 'SALARY')) AS salaries_90d,
      toInt32(countIf(category = 'LOAN_DISBURSEMENT')) AS other_lenders_90d
    FROM ${source('bank_transactions')}
    WHERE booked_at > ${asOf.minusDays(90)}
    GROUP BY customer_id`,
});
