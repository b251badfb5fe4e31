import { defineFact, raw, sql } from 'riskgraph';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';

export default defineFact({
  description:
    'Promises to pay by the local day on which they were made; those without a day or an amount are left out. A promise is kept where the cash on the loan after it, up to the ' +
    'end of the promised day, is at least the promised amount; waivers are none, reversals take cash back.',
  owner: 'collections',
  grain: 'one promise, on the day on which it was made',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT p.date AS date, p.promised_on AS matures_on, p.agency AS agency, p.promised_amount AS promised_amount, p.cash >= p.promised_amount AS kept,
    toDate(l.disbursed_at, ${timezone}) AS disbursed_on, ${raw(LOAN_COLUMNS)}
  FROM (
    SELECT a.action_id AS action_id, any(a.loan_id) AS loan, any(toDate(a.acted_at, ${timezone})) AS date, any(a.agency) AS agency,
      any(assumeNotNull(a.promised_on)) AS promised_on, any(assumeNotNull(a.promised_amount)) AS promised_amount,
      sumIf(toDecimal128(r.principal_paid, 2) + r.interest_paid + ifNull(r.fee_paid, 0) + ifNull(r.penalty_paid, 0),
        ifNull(r.method != 'WAIVER', true) AND r.paid_at > a.acted_at AND toDate(r.paid_at, ${timezone}) <= assumeNotNull(a.promised_on)) AS cash
    FROM (SELECT * FROM ${source('collections')} WHERE ifNull(result = 'PROMISE', false) AND promised_on IS NOT NULL AND promised_amount IS NOT NULL) AS a
    LEFT JOIN ${source('repayments')} AS r ON a.loan_id = r.loan_id
    GROUP BY action_id
  ) AS p
  LEFT JOIN ${source('loans')} AS l ON p.loan = l.loan_id`,
  dimensions: {
    ...loanDimensions,
    agency: { expression: 'agency', description: 'The agency that was promised; none where the lender was' },
  },
  measures: {
    promises: { expression: 'count()', description: 'Promises made', unit: 'count', matures: 'matures_on' },
    kept: { expression: 'countIf(kept)', description: 'Promises kept', unit: 'count', matures: 'matures_on' },
    promised_amount: { expression: 'sum(promised_amount)', description: 'Amount promised', unit: 'CNY' },
  },
});
