import { defineFact, raw, sql } from 'riskgraph';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';

export default defineFact({
  description: 'Cases of collections by the local day of their first action. A case without a number is its loan.',
  owner: 'collections',
  grain: 'one case, on the day of its first action',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(c.first_at, ${timezone}) AS date, toDate(l.disbursed_at, ${timezone}) AS disbursed_on, ${raw(LOAN_COLUMNS)}, c.first_agency AS agency,
    addDays(toDate(c.first_at, ${timezone}), 7) AS matures_on,
    addDays(toDate(c.first_at, ${timezone}), 30) AS matures_30, arrayExists(at -> at <= c.first_at + INTERVAL 7 DAY, c.reached_at) AS reached,
    NOT arrayExists(at -> at <= c.first_at + INTERVAL 30 DAY, c.reached_at) AS lost
  FROM (
    SELECT ifNull(case_id, loan_id) AS case, min(acted_at) AS first_at, argMin(loan_id, (acted_at, action_id)) AS first_loan,
      argMin(tuple(agency), (acted_at, action_id)).1 AS first_agency, groupArrayIf(acted_at, ifNull(result IN ('REACHED', 'PROMISE', 'PAID'), false)) AS reached_at
    FROM ${source('collections')} GROUP BY case
  ) AS c
  LEFT JOIN ${source('loans')} AS l ON c.first_loan = l.loan_id`,
  dimensions: {
    ...loanDimensions,
    agency: { expression: 'agency', description: 'The agency that acted first; none where the lender did' },
  },
  measures: {
    cases: { expression: 'count()', description: 'Cases first worked', unit: 'count', matures: 'matures_on' },
    reached: {
      expression: 'countIf(reached)',
      description: 'Cases in which someone was reached within 7 days of the first action',
      unit: 'count',
      matures: 'matures_on',
    },
    cases_30: {
      expression: 'count()',
      description: 'Cases first worked, once all are 30 days past',
      unit: 'count',
      matures: 'matures_30',
    },
    lost: {
      expression: 'countIf(lost)',
      description:
        'Cases in which nobody, neither borrower nor contact, was reached within 30 days of the first action',
      unit: 'count',
      matures: 'matures_30',
    },
  },
});
