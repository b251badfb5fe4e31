import { defineFact, raw, sql } from 'riskgraph';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';

export default defineFact({
  description: 'Actions of collections by the local day on which they were taken. A case without a number is its loan.',
  owner: 'collections',
  grain: 'one action, on the day on which it was taken',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(a.acted_at, ${timezone}) AS date, toDate(l.disbursed_at, ${timezone}) AS disbursed_on, ${raw(LOAN_COLUMNS)},
    ifNull(a.case_id, a.loan_id) AS case, a.action AS action, a.party AS party, a.agency AS agency, a.result AS result,
    ifNull(a.promised_amount, 0) AS promised_amount
  FROM ${source('collections')} AS a LEFT JOIN ${source('loans')} AS l ON a.loan_id = l.loan_id`,
  dimensions: {
    ...loanDimensions,
    action: { expression: 'action', description: 'SMS, CALL, VISIT or LEGAL' },
    party: { expression: 'party', description: 'BORROWER or CONTACT' },
    agency: { expression: 'agency', description: 'The agency that acted; none where the lender did' },
  },
  measures: {
    actions: { expression: 'count()', description: 'Actions taken', unit: 'count' },
    cases: { expression: 'uniqExact(case)', description: 'Cases worked', unit: 'count' },
    reached_cases: {
      expression: "uniqExactIf(case, ifNull(result IN ('REACHED', 'PROMISE', 'PAID'), false))",
      description: 'Cases in which someone was reached',
      unit: 'count',
    },
    promises: {
      expression: "countIf(ifNull(result = 'PROMISE', false))",
      description: 'Promises to pay',
      unit: 'count',
    },
    promised_cases: {
      expression: "uniqExactIf(case, ifNull(result = 'PROMISE', false))",
      description: 'Cases with a promise to pay',
      unit: 'count',
    },
    promised_amount: { expression: 'sum(promised_amount)', description: 'Amount promised', unit: 'CNY' },
    reached_actions: {
      expression: "countIf(ifNull(result IN ('REACHED', 'PROMISE', 'PAID'), false))",
      description: 'Actions that reached someone',
      unit: 'count',
    },
  },
});
