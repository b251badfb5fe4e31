import { defineFact, type IndicatorQueryContext, raw, type Sql, sql } from 'riskgraph';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';

const nothing = 'toDecimal256(0, 14)';

/** Loans on book by month, with the sum of their balances of all days: what they share costs by. */
const weights = ({ source }: IndicatorQueryContext): Sql => sql`(
      SELECT loan_id, toStartOfMonth(as_of) AS month, product, channel, toDecimal256(sum(principal_outstanding), 2) AS weight
      FROM ${source('loan_snapshots', { dated: true, columns: ['loan_id', 'as_of', 'product', 'channel', 'status', 'principal_outstanding'] })}
      WHERE status IN ('CURRENT', 'OVERDUE') GROUP BY loan_id, month, product, channel HAVING weight > 0
    )`;

/** The first loan of each customer, by the month of its disbursement. */
const firstLoans = ({ source, timezone }: IndicatorQueryContext): Sql => sql`(
      SELECT loan_id, toStartOfMonth(toDate(disbursed_at, ${timezone})) AS month, product, channel
      FROM (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY disbursed_at, loan_id) AS place FROM ${source('loans')}) WHERE place = 1
    )`;

/** Costs of one kind or another by loan; what no loan shares stays without one. */
const shared = (context: IndicatorQueryContext, kind: Sql, loans: Sql, weight: Sql): Sql => sql`
    SELECT o.loan_id AS loan_id, c.month AS date, '' AS cost_product, CAST(NULL, 'Nullable(String)') AS cost_channel, toDecimal256(c.amount, 12) * ${weight} / sum(${weight}) OVER (PARTITION BY c.month, c.product, c.channel, c.kind) AS cost
    FROM (SELECT * FROM ${context.source('costs')} WHERE ${kind}) AS c
    INNER JOIN ${loans} AS o ON c.month = o.month AND c.product = o.product AND c.channel = o.channel
    UNION ALL
    SELECT '' AS loan_id, month AS date, toString(product) AS cost_product, CAST(channel, 'Nullable(String)') AS cost_channel, toDecimal256(amount, 14) AS cost FROM ${context.source('costs')}
    WHERE ${kind} AND (month, product, channel) NOT IN (SELECT month, product, assumeNotNull(channel) FROM ${loans} WHERE channel IS NOT NULL)`;

/** One kind of amount, and none of the others. */
const row = (amounts: Readonly<Record<string, string>>): Sql =>
  raw(
    ['income', 'charged_off', 'recovered', 'cost'].map((name) => `${amounts[name] ?? nothing} AS ${name}`).join(', '),
  );

export default defineFact({
  description:
    'What loans earn: income on the day of the payment, principal charged off less the cash after it, which is no income, and costs of the month. Costs of a product and channel are ' +
    'shared by the balances of all days, those of acquisition by the first loans disbursed in the month; what no loan shares has its product and channel alone.',
  owner: 'finance',
  grain: 'one amount of one loan, on its day; costs on the first day of their month',
  stock: false,
  finestGrain: 'MONTH',
  from: (context) => {
    const { source, timezone } = context;
    const one = raw('toDecimal256(1, 2)');
    return sql`
  SELECT e.date AS date, e.income AS income, e.charged_off AS charged_off, e.recovered AS recovered, e.cost AS cost, e.cost_product AS cost_product, e.cost_channel AS cost_channel, toDate(l.disbursed_at, ${timezone}) AS disbursed_on,
    nullIf(l.score.1, '') AS score_model, nullIf(l.score.2, '') AS score_band, ${raw(LOAN_COLUMNS)}
  FROM (
    SELECT loan_id, as_of AS date, '' AS cost_product, CAST(NULL, 'Nullable(String)') AS cost_channel, ${row({ charged_off: 'toDecimal256(principal_outstanding, 14)' })}
    FROM ${source('loan_snapshots', { dated: true, columns: ['loan_id', 'as_of', 'status', 'principal_outstanding'] })} WHERE status = 'WRITTEN_OFF'
    UNION ALL
    SELECT r.loan_id AS loan_id, toDate(r.paid_at, ${timezone}) AS date, '' AS cost_product, CAST(NULL, 'Nullable(String)') AS cost_channel,
      ${row({ income: `if(late, ${nothing}, earned)`, recovered: `if(late, r.principal_paid + earned, ${nothing})` })}
    FROM (
      SELECT p.loan_id AS loan_id, p.paid_at AS paid_at, p.principal_paid AS principal_paid, ifNull(p.paid_at > w.written_off_at, false) AS late,
        toDecimal256(p.interest_paid, 14) + ifNull(p.fee_paid, 0) + ifNull(p.penalty_paid, 0) AS earned
      FROM (SELECT * FROM ${source('repayments')} WHERE ifNull(method != 'WAIVER', true)) AS p
      LEFT JOIN (
        SELECT loan_id, toNullable(min(occurred_at)) AS written_off_at FROM ${source('loan_events')} WHERE event_type = 'WRITTEN_OFF' GROUP BY loan_id
      ) AS w ON p.loan_id = w.loan_id
    ) AS r
    UNION ALL
    SELECT loan_id, date, cost_product, cost_channel, ${row({ cost: 'cost' })} FROM (${shared(context, raw("kind != 'ACQUISITION'"), weights(context), raw('o.weight'))})
    UNION ALL
    SELECT loan_id, date, cost_product, cost_channel, ${row({ cost: 'cost' })} FROM (${shared(context, raw("kind = 'ACQUISITION'"), firstLoans(context), one)})
  ) AS e
  LEFT JOIN (
    SELECT o.loan_id AS loan_id, o.customer_id AS customer_id, o.product AS product, o.channel AS channel, o.province AS province, o.purpose AS purpose,
      o.term_months AS term_months, o.annual_rate AS annual_rate, o.principal AS principal, o.disbursed_at AS disbursed_at,
      argMaxIf((s.model, s.band), s.scored_at, s.scored_at < o.disbursed_at) AS score
    FROM ${source('loans')} AS o
    LEFT JOIN (SELECT model, entity_id, scored_at, assumeNotNull(band) AS band FROM ${source('scores')} WHERE entity = 'customer' AND band IS NOT NULL) AS s ON o.customer_id = s.entity_id
    GROUP BY loan_id, customer_id, product, channel, province, purpose, term_months, annual_rate, principal, disbursed_at
  ) AS l ON e.loan_id = l.loan_id`;
  },
  through: ({ source }) =>
    sql`SELECT as_of AS date FROM ${source('loan_snapshots', { dated: true, columns: ['as_of'] })}`,
  dimensions: {
    ...loanDimensions,
    product: {
      expression: "if(cost_product = '', product, cost_product)",
      description: 'The product of the loan, or of the cost',
    },
    channel: { expression: 'ifNull(cost_channel, channel)', description: 'The channel of the loan, or of the cost' },
    score_band: {
      expression: 'score_band',
      description: "The band of the customer's last score before the disbursement",
    },
    score_model: { expression: 'score_model', description: 'The model of that score' },
  },
  measures: {
    income: {
      expression: 'sum(income)',
      description: 'Interest, fees and penalties received, without recoveries',
      unit: 'CNY',
    },
    net_charge_off: {
      expression: 'sum(charged_off - recovered)',
      description: 'Principal charged off less recoveries',
      unit: 'CNY',
    },
    costs: { expression: 'round(sum(cost), 2)', description: 'Costs', unit: 'CNY' },
    profit: {
      expression: 'round(sum(income - charged_off + recovered - cost), 2)',
      description: 'Income less net charge-off and costs',
      unit: 'CNY',
    },
  },
});
