import { defineFact, raw, sql } from 'riskgraph';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';

export default defineFact({
  description:
    'Where disbursed money goes within seven days of the disbursement, by the local day of the disbursement.',
  owner: 'fraud-risk',
  grain: 'one flow of money out of a loan, or a loan without any, on the day of the disbursement',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(l.disbursed_at, ${timezone}) AS date, toDate(l.disbursed_at, ${timezone}) AS disbursed_on, ${raw(LOAN_COLUMNS)},
    f.counterparty_type AS counterparty_type, addDays(toDate(l.disbursed_at, ${timezone}), 7) AS matures_on,
    if(ifNull(f.occurred_at >= l.disbursed_at AND f.occurred_at <= l.disbursed_at + INTERVAL 7 DAY, false), ifNull(f.amount, 0), 0) AS amount
  FROM ${source('loans')} AS l LEFT JOIN ${source('fund_flows')} AS f ON l.loan_id = f.loan_id`,
  dimensions: {
    ...loanDimensions,
    counterparty: { expression: 'counterparty_type', description: 'Who received the money' },
  },
  measures: {
    amount: {
      expression: 'sum(amount)',
      description: 'Money that left within seven days',
      unit: 'CNY',
      matures: 'matures_on',
    },
  },
});
