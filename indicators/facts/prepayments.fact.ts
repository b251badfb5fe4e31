import { defineFact, raw, sql } from 'riskgraph';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';
import { schedules } from '../schedules.js';

const paid = 'arraySum(payment -> if(payment.1 <= date, payment.3, toDecimal128(0, 2)), paid)';
const due = 'arraySum(line -> if(line.1 <= date, line.3, toDecimal128(0, 2)), lines)';
const cash = 'arraySum(payment -> if(payment.1 = date AND payment.5 = 1, payment.3, toDecimal128(0, 2)), paid)';

export default defineFact({
  description:
    'Principal that is paid before it is due, by the local day of the payment: of the principal in cash of a loan and day, what is paid beyond all that the schedule in ' +
    'force asks for up to that day. What pays arrears or is due on the day is none, nor is a recovery.',
  owner: 'portfolio-analytics',
  grain: 'one loan on a day with a payment',
  stock: false,
  finestGrain: 'DAY',
  from: (context) => sql`
  SELECT d.date AS date, d.prepaid AS prepaid, toDate(l.disbursed_at, ${context.timezone}) AS disbursed_on, ${raw(LOAN_COLUMNS)}
  FROM (
    SELECT loan_id, date, greatest(least(${raw(cash)}, ${raw(paid)} - ${raw(due)}), toDecimal128(0, 2)) AS prepaid
    FROM (SELECT *, arrayJoin(arrayDistinct(arrayMap(payment -> payment.1, paid))) AS date FROM ${schedules(context)})
    WHERE date <= closed_on
  ) AS d
  LEFT JOIN ${context.source('loans')} AS l ON d.loan_id = l.loan_id`,
  through: ({ source, timezone }) =>
    sql`SELECT toDate(paid_at, ${timezone}) AS date FROM ${source('repayments', { columns: ['paid_at'] })}`,
  dimensions: loanDimensions,
  measures: {
    principal: { expression: 'sum(prepaid)', description: 'Principal paid before it is due', unit: 'CNY' },
    loans: {
      expression: 'uniqExactIf(loan_id, prepaid > 0)',
      description: 'Loans on which principal is paid before it is due',
      unit: 'count',
    },
  },
});
