import { defineFact, sql } from 'riskgraph';
import { bucketOf, monthsOnBook } from '../bands.js';
import { loanDimensions } from '../loan_dimensions.js';

/** Measures of the loans on book with so many days past due, or more. */
const overdue = (days: number) => ({
  [`overdue_balance_${days}`]: {
    expression: `sumIf(balance, on_book AND dpd >= ${days})`,
    description: `Principal outstanding, due or not, of loans with DPD >= ${days}`,
    unit: 'CNY',
  },
  [`overdue_loans_${days}`]: {
    expression: `countIf(on_book AND dpd >= ${days})`,
    description: `Loans with DPD >= ${days}`,
    unit: 'count',
  },
  [`overdue_customers_${days}`]: {
    expression: `uniqExactIf(customer_id, on_book AND dpd >= ${days})`,
    description: `Customers with a loan of DPD >= ${days}`,
    unit: 'count',
  },
});

const bucket = (name: string, from: number, to: number | null) => ({
  [`balance_${name}`]: {
    expression: `sumIf(balance, on_book AND dpd >= ${from}${to === null ? '' : ` AND dpd <= ${to}`})`,
    description: `Principal outstanding of loans with DPD ${to === null ? `over ${from - 1}` : `${from} to ${to}`}`,
    unit: 'CNY',
  },
});

export default defineFact({
  description:
    'Loans at the end of local days, from loan_snapshots, dated on the day. A loan that is settled, written off or sold has one closing row: its day counts ' +
    'as one with data, and the measures count loans on book alone (CURRENT and OVERDUE).',
  owner: 'portfolio-analytics',
  grain: 'one loan at the end of a local day',
  stock: true,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT s.as_of AS date, s.loan_id AS loan_id, s.customer_id AS customer_id, s.product AS product, s.channel AS channel,
    l.province AS province, l.purpose AS purpose, l.term_months AS term_months, l.annual_rate AS annual_rate, s.principal AS principal,
    s.disbursed_on AS disbursed_on, s.status IN ('CURRENT', 'OVERDUE') AS on_book, s.status AS status, s.restructured AS restructured,
    s.dpd AS dpd, s.principal_outstanding AS balance, s.overdue_principal AS overdue_principal,
    ifNull(s.risk_class, multiIf(s.dpd > 360, 'LOSS', s.dpd > 270, 'DOUBTFUL', s.dpd > 90, 'SUBSTANDARD',
      s.dpd > 0 OR (s.restructured = 1 AND ifNull(s.as_of < addYears(arrayMax(arrayFilter(day -> day <= s.as_of, e.days)), 1), true)),
      'SPECIAL_MENTION', 'NORMAL')) AS risk_class
  FROM ${source('loan_snapshots', { dated: true })} AS s
  LEFT JOIN (SELECT loan_id, province, purpose, term_months, annual_rate FROM ${source('loans')}) AS l ON s.loan_id = l.loan_id
  LEFT JOIN (
    SELECT loan_id, groupArray(toDate(occurred_at, ${timezone})) AS days FROM ${source('loan_events')} WHERE event_type = 'RESTRUCTURED' GROUP BY loan_id
  ) AS e ON s.loan_id = e.loan_id`,
  dimensions: {
    ...loanDimensions,
    mob: {
      expression: monthsOnBook('disbursed_on', 'date'),
      description: 'Months on book: the months between that of the disbursement and that of the day',
      type: 'INT64',
    },
    bucket: {
      expression: bucketOf('dpd'),
      description: 'The bucket of days past due: M0, M1 (1 to 30) to M7+ (over 180)',
    },
    risk_class: { expression: 'risk_class', description: 'The regulator’s five classes' },
    status: { expression: 'status', description: 'Where the loan stands' },
    restructured: { expression: 'restructured', description: '1 once the loan has been restructured', type: 'INT64' },
  },
  measures: {
    balance: { expression: 'sumIf(balance, on_book)', description: 'Principal outstanding, due or not', unit: 'CNY' },
    loans: { expression: 'countIf(on_book)', description: 'Loans on book', unit: 'count' },
    customers: {
      expression: 'uniqExactIf(customer_id, on_book)',
      description: 'Customers with a loan on book',
      unit: 'count',
    },
    ...bucket('m0', 0, 0),
    ...bucket('m1', 1, 30),
    ...bucket('m2', 31, 60),
    ...bucket('m3', 61, 90),
    ...bucket('m4', 91, 120),
    ...bucket('m5', 121, 150),
    ...bucket('m6', 151, 180),
    ...bucket('m7_plus', 181, null),
    ...overdue(1),
    ...overdue(30),
    ...overdue(60),
    ...overdue(90),
    overdue_principal: {
      expression: 'sumIf(overdue_principal, on_book)',
      description: 'Principal that was due before the day and is unpaid',
      unit: 'CNY',
    },
    special_mention_balance: {
      expression: "sumIf(balance, on_book AND risk_class = 'SPECIAL_MENTION')",
      description: 'Principal outstanding of special-mention loans',
      unit: 'CNY',
    },
    npl_balance: {
      expression: "sumIf(balance, on_book AND risk_class IN ('SUBSTANDARD', 'DOUBTFUL', 'LOSS'))",
      description: 'Principal outstanding of non-performing loans: substandard, doubtful and loss',
      unit: 'CNY',
    },
    restructured_balance: {
      expression: 'sumIf(balance, on_book AND restructured = 1)',
      description: 'Principal outstanding of restructured loans',
      unit: 'CNY',
    },
  },
});
