import { defineFact, raw, sql } from 'riskgraph';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';
import { schedules } from '../schedules.js';

/** What the instalments up to one lack in payments on themselves by its due date; what no instalment of the schedule is named for pays the oldest first. */
const paidBy =
  'arraySum(payment -> if(payment.1 <= date AND payment.2 = lines[line].2, payment.4, toDecimal128(0, 2)), paid)';
const lacks = `greatest(lines[line].4 - ${paidBy}, toDecimal128(0, 2))`;
const unnamed =
  'arraySum(payment -> if(payment.1 <= date AND NOT arrayExists(one -> one.2 = payment.2, lines), payment.4, toDecimal128(0, 2)), paid)';

export default defineFact({
  description:
    'Instalments by their due date, of the schedule in force at the end of that day; those due after the loan closed are left out. An instalment is paid on time where ' +
    'principal, interest and fee are paid or waived by the end of its due date. A payment without a number pays the oldest open instalment.',
  owner: 'portfolio-analytics',
  grain: 'one instalment, on its due date',
  stock: false,
  finestGrain: 'DAY',
  from: (context) => sql`
  SELECT d.date AS date, d.date AS matures_on, d.installment_no AS installment_no, d.principal_due AS principal_due, d.due AS due, d.on_time AS on_time,
    toDate(l.disbursed_at, ${context.timezone}) AS disbursed_on, ${raw(LOAN_COLUMNS)}
  FROM (
    SELECT loan_id, lines[at].1 AS date, lines[at].2 AS installment_no, lines[at].3 AS principal_due, lines[at].4 AS due,
      arraySum(line -> ${raw(lacks)}, [at]) = 0 OR arraySum(line -> ${raw(lacks)}, range(1, at + 1)) <= ${raw(unnamed)} AS on_time
    FROM (SELECT *, arrayJoin(arrayEnumerate(lines)) AS at FROM ${schedules(context)})
    WHERE date >= first_day AND date <= last_day
  ) AS d
  LEFT JOIN ${context.source('loans')} AS l ON d.loan_id = l.loan_id`,
  through: ({ source, timezone }) =>
    sql`SELECT toDate(paid_at, ${timezone}) AS date FROM ${source('repayments', { columns: ['paid_at'] })}`,
  dimensions: {
    ...loanDimensions,
    installment_no: { expression: 'installment_no', description: 'The place in the schedule', type: 'INT64' },
  },
  measures: {
    instalments: { expression: 'count()', description: 'Instalments due', unit: 'count', matures: 'matures_on' },
    on_time: {
      expression: 'countIf(on_time)',
      description: 'Instalments paid by the end of their due date',
      unit: 'count',
      matures: 'matures_on',
    },
    amount: { expression: 'sum(due)', description: 'Principal, interest and fees due', unit: 'CNY' },
    principal: { expression: 'sum(principal_due)', description: 'Principal due', unit: 'CNY' },
  },
});
