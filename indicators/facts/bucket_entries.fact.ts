import { defineFact, raw, sql } from 'riskgraph';
import { bucketOf } from '../bands.js';
import { LOAN_COLUMNS, loanDimensions } from '../loan_dimensions.js';
import { schedules } from '../schedules.js';

/** 0 of M0, 1 of M1, …, 7 of M7+. */
const level = 'intDiv(least(toInt32(dpd), 181) + 29, 30)';

export default defineFact({
  description:
    'Entries of loans on book into a bucket of days past due that is worse than the one of the day before, by the first day in it. The entry amount is the principal, interest and fees overdue on that day; of it, what is paid in ' +
    'cash on the 30 days after counts as recovered, up to the entry amount. A payment on an instalment that is due on that day or later does not count.',
  owner: 'collections',
  grain: 'one loan on the first day in a bucket',
  stock: false,
  finestGrain: 'DAY',
  from: (context) => sql`
  SELECT e.date AS date, addDays(e.date, 30) AS matures_on, e.bucket AS bucket, e.entry AS entry, greatest(least(e.entry, e.cash), toDecimal128(0, 2)) AS recovered,
    toDate(l.disbursed_at, ${context.timezone}) AS disbursed_on, ${raw(LOAN_COLUMNS)}
  FROM (
    SELECT n.loan_id AS loan, n.as_of AS date, ${raw(bucketOf('n.dpd'))} AS bucket, n.entry AS entry,
      arraySum(payment -> if(payment.1 > n.as_of AND payment.1 <= addDays(n.as_of, 30) AND payment.2 < n.as_of, payment.3, toDecimal128(0, 2)), p.payments) AS cash
    FROM (
      SELECT loan_id, as_of, status, dpd, entry, ${raw(level)} AS level, lagInFrame(level, 1, 0) OVER (PARTITION BY loan_id ORDER BY as_of ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
      FROM (
        SELECT loan_id, as_of, status, dpd, toDecimal128(overdue_principal, 2) + ifNull(interest_overdue, 0) + ifNull(fee_overdue, 0) AS entry
        FROM ${context.source('loan_snapshots', { columns: ['loan_id', 'as_of', 'status', 'dpd', 'overdue_principal', 'interest_overdue', 'fee_overdue'] })}
      )
    ) AS n
    LEFT JOIN (
      SELECT loan_id, groupArrayArray(arrayMap(payment -> (payment.1, arrayFirst(line -> line.2 = payment.2, lines).1, if(payment.5 = 1, payment.4, toDecimal128(0, 2))), paid)) AS payments
      FROM ${schedules(context)} GROUP BY loan_id
    ) AS p ON n.loan_id = p.loan_id
    WHERE n.status = 'OVERDUE' AND n.level > n.before
  ) AS e
  LEFT JOIN ${context.source('loans')} AS l ON e.loan = l.loan_id`,
  through: ({ source }) =>
    sql`SELECT as_of AS date FROM ${source('loan_snapshots', { dated: true, columns: ['as_of'] })}`,
  dimensions: {
    ...loanDimensions,
    bucket: {
      expression: 'bucket',
      description: 'The bucket that is entered: M1 (1 to 30 days past due) to M7+ (over 180)',
    },
  },
  measures: {
    entries: { expression: 'count()', description: 'Entries into a bucket', unit: 'count' },
    entry_amount: {
      expression: 'sum(entry)',
      description: 'Amount overdue at the entry',
      unit: 'CNY',
      matures: 'matures_on',
    },
    recovered: {
      expression: 'sum(recovered)',
      description: 'Cash on the amount overdue at the entry, on the 30 days after',
      unit: 'CNY',
      matures: 'matures_on',
    },
  },
});
