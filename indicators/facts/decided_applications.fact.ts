import { defineFact, sql } from 'riskgraph';
import { amountBand, tenorBand } from '../bands.js';

/** Applications for credit and loans; a drawdown on a granted line is decided by other rules, and counts apart. */
const CREDIT = "kind != 'DRAWDOWN'";

/** Customer, whether approved: of each decision, in the order of customers and then of time. */
const DECISIONS = `arraySort(groupArrayIf((customer_id, decided, application_id, approved), ${CREDIT}))`;
/** Of each customer the last decision counts; after the last of all stands nobody. */
const LAST_APPROVED = `arrayCount(at -> ${DECISIONS}[at].4 AND ${DECISIONS}[at].1 != ${DECISIONS}[at + 1].1, arrayEnumerate(${DECISIONS}))`;

export default defineFact({
  description:
    'Applications that are decided, APPROVED or DECLINED, by the local day of the decision (decided_at): pending, cancelled and expired ones are in none.',
  owner: 'portfolio-analytics',
  grain: 'one decided application, on the day of its decision',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(assumeNotNull(decided_at), ${timezone}) AS date, application_id, customer_id, assumeNotNull(decided_at) AS decided, kind, product, channel, province, city, purpose, amount, term_months,
    decision = 'APPROVED' AS approved, decision_path, decline_reason, approved_amount,
    dateDiff('second', applied_at, assumeNotNull(decided_at)) / 60 AS minutes
  FROM ${source('applications')}
  WHERE decided_at IS NOT NULL AND ifNull(decision IN ('APPROVED', 'DECLINED'), false)`,
  dimensions: {
    product: { expression: 'product', description: 'The product applied for' },
    channel: { expression: 'channel', description: 'The channel of the application' },
    province: { expression: 'province', description: 'The province given in the application' },
    city: { expression: 'city', description: 'The city given in the application' },
    kind: { expression: 'kind', description: 'CREDIT, LOAN or DRAWDOWN' },
    purpose: { expression: 'purpose', description: 'The stated purpose' },
    decision_path: { expression: 'decision_path', description: 'AUTO or MANUAL' },
    decline_reason: { expression: 'decline_reason', description: 'The reason of a decline; none of an approval' },
    amount_band: amountBand('amount'),
    tenor_band: tenorBand('term_months'),
  },
  measures: {
    decided: {
      expression: `countIf(${CREDIT})`,
      description: 'Applications decided, without drawdowns',
      unit: 'count',
    },
    approved: {
      expression: `countIf(${CREDIT} AND approved)`,
      description: 'Applications approved, without drawdowns',
      unit: 'count',
    },
    declined: {
      expression: `countIf(${CREDIT} AND NOT approved)`,
      description: 'Applications declined, without drawdowns',
      unit: 'count',
    },
    decided_customers: {
      expression: `uniqExactIf(customer_id, ${CREDIT})`,
      description: 'Customers with an application decided, without drawdowns',
      unit: 'count',
    },
    approved_customers: {
      expression: LAST_APPROVED,
      description: 'Customers whose last decision of the period is an approval, without drawdowns',
      unit: 'count',
    },
    requested_amount: {
      expression: `sumIf(amount, ${CREDIT})`,
      description: 'Amount asked for by decided applications, without drawdowns',
      unit: 'CNY',
    },
    requested_of_approved: {
      expression: `sumIf(amount, ${CREDIT} AND approved)`,
      description: 'Amount asked for by approved applications, without drawdowns',
      unit: 'CNY',
    },
    approved_amount: {
      expression: `sumIf(ifNull(approved_amount, 0), ${CREDIT} AND approved)`,
      description: 'Amount granted, without drawdowns',
      unit: 'CNY',
    },
    manual: {
      expression: `countIf(${CREDIT} AND ifNull(decision_path = 'MANUAL', false))`,
      description: 'Applications decided by a person, without drawdowns',
      unit: 'count',
    },
    automatic: {
      expression: `countIf(${CREDIT} AND ifNull(decision_path = 'AUTO', false))`,
      description: 'Applications decided without a person, without drawdowns',
      unit: 'count',
    },
    median_minutes: {
      expression: `quantileExactIfOrNull(0.5)(minutes, ${CREDIT})`,
      description: 'Median of the minutes from application to decision, without drawdowns',
      unit: 'minutes',
    },
    p90_minutes: {
      expression: `quantileExactIfOrNull(0.9)(minutes, ${CREDIT})`,
      description: 'Ninth decile of the minutes from application to decision, without drawdowns',
      unit: 'minutes',
    },
    drawdowns_decided: {
      expression: "countIf(kind = 'DRAWDOWN')",
      description: 'Drawdowns on a granted line decided',
      unit: 'count',
    },
    drawdowns_approved: {
      expression: "countIf(kind = 'DRAWDOWN' AND approved)",
      description: 'Drawdowns on a granted line approved',
      unit: 'count',
    },
  },
});
