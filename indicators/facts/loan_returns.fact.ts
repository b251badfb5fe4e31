import { defineFact, raw, sql } from 'riskgraph';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';

export default defineFact({
  description:
    'What loans earn and lose beside what is lent: principal outstanding of loans on book day by day, principal charged off on the day of the write-off (the closing row of ' +
    'loan_snapshots), and income and recoveries on the day of the payment; cash after a write-off is a recovery. A period in which loan_snapshots skips a day is INCOMPLETE.',
  owner: 'finance',
  grain: 'one loan at the end of a local day, or one payment on its day',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  WITH (SELECT groupUniqArray(as_of) FROM ${source('loan_snapshots', { dated: true, columns: ['as_of'] })}) AS days
  SELECT e.date AS date, e.matures_on AS matures_on, e.balance AS balance, e.charged_off AS charged_off, e.income AS income, e.recovered AS recovered,
    toDate(l.disbursed_at, ${timezone}) AS disbursed_on, ${raw(LOAN_COLUMNS)}
  FROM (
    SELECT loan_id, as_of AS date, if(length(days) > arrayMax(days) - arrayMin(days) OR as_of = arrayMax(days) OR has(days, as_of + 1), as_of, toDate('2149-06-06')) AS matures_on,
      toDecimal128(if(status IN ('CURRENT', 'OVERDUE'), principal_outstanding, 0), 2) AS balance,
      toDecimal128(if(status = 'WRITTEN_OFF', principal_outstanding, 0), 2) AS charged_off, toDecimal128(0, 2) AS income, toDecimal128(0, 2) AS recovered
    FROM ${source('loan_snapshots', { dated: true, columns: ['loan_id', 'as_of', 'status', 'principal_outstanding'] })}
    UNION ALL
    SELECT r.loan_id AS loan_id, toDate(r.paid_at, ${timezone}) AS date, date AS matures_on, toDecimal128(0, 2) AS balance, toDecimal128(0, 2) AS charged_off,
      toDecimal128(r.interest_paid, 2) + ifNull(r.fee_paid, 0) + ifNull(r.penalty_paid, 0) AS income,
      if(ifNull(r.paid_at > w.written_off_at, false), toDecimal128(r.principal_paid, 2) + income, toDecimal128(0, 2)) AS recovered
    FROM (SELECT * FROM ${source('repayments')} WHERE ifNull(method != 'WAIVER', true)) AS r
    LEFT JOIN (
      SELECT loan_id, toNullable(min(occurred_at)) AS written_off_at FROM ${source('loan_events')} WHERE event_type = 'WRITTEN_OFF' GROUP BY loan_id
    ) AS w ON r.loan_id = w.loan_id
  ) AS e
  LEFT JOIN ${source('loans')} AS l ON e.loan_id = l.loan_id`,
  through: ({ source }) =>
    sql`SELECT as_of AS date FROM ${source('loan_snapshots', { dated: true, columns: ['as_of'] })}`,
  dimensions: loanDimensions,
  measures: {
    balance_days: {
      expression: 'sum(balance)',
      description: 'Sum of the balances of all days',
      unit: 'CNY days',
      matures: 'matures_on',
    },
    balance_years: {
      expression: 'toDecimal256(sum(balance), 20) / 365',
      description: 'Mean balance times the length of the period in years of 365 days',
      unit: 'CNY years',
      matures: 'matures_on',
    },
    income: { expression: 'sum(income)', description: 'Interest, fees and penalties received', unit: 'CNY' },
    charged_off: { expression: 'sum(charged_off)', description: 'Principal charged off', unit: 'CNY' },
    recovered: { expression: 'sum(recovered)', description: 'Cash received after a write-off', unit: 'CNY' },
    net_charge_off: {
      expression: 'sum(charged_off - recovered)',
      description: 'Principal charged off less recoveries',
      unit: 'CNY',
    },
  },
});
