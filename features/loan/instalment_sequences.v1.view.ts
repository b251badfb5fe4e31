import {
  array,
  boolean,
  decimal,
  defineFeatureView,
  type FeatureSpec,
  float64,
  ident,
  int32,
  join,
  raw,
  type Sql,
  sql,
} from 'riskgraph';
import { loan } from '../entities.js';
import { judgedInstalments } from '../instalments.js';

/** Instalments of a sequence: element 0 is the newest whose due day is over. */
const LAST = 36;
const WINDOWS = [3, 6, 12] as const;
const LATE = [1, 30, 60] as const;
const FIRST_DEFAULT = [1, 7, 30] as const;
/** A loan without an instalment due for longer is of the past. */
const RECENT_DAYS = 400;
/** The days of 36 monthly instalments: how far back balances are read. */
const SNAPSHOT_DAYS = 1_116;

const windows = (make: (instalments: number) => [string, FeatureSpec]) => Object.fromEntries(WINDOWS.map(make));
const sequence = (description: string, unit?: string) => ({
  length: LAST,
  pad: null,
  ...(unit === undefined ? {} : { unit }),
  description: `${description}; one value an instalment, newest first, NULL where the mask \`observed\` is false`,
});

export default defineFeatureView({
  entity: loan,
  description:
    'Repayment of a loan instalment by instalment, over its last 36 whose due day is over, newest first, as sequences and as what is read from them, and how ' +
    'it is collected. An instalment counts in the schedule that was in force on its due day; what falls due after a settlement, a write-off or a sale is void. ' +
    'Days late = the local day on which the last missing cent came - the due date, at least -10; for what is unpaid, the as-of day, or that on which a new schedule replaced it or the loan was closed - the due date. DPD of an ' +
    'instalment is the highest that it had at the end of a day so far. One row a loan with an instalment due in the last 400 days.',
  owner: 'behaviour-risk',
  tags: ['repayment', 'sequence', 'collections'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    observed: array(boolean(), {
      length: LAST,
      pad: false,
      description: 'The mask of all sequences here: whether the loan has that many instalments due, newest first',
    }),
    dpd: array(int32(), sequence('Highest DPD of the instalment so far', 'days')),
    days_late: array(int32(), sequence('Days late, early ones negative', 'days')),
    amount_due: array(decimal(), sequence('Principal, interest and fee due', 'CNY')),
    amount_paid: array(decimal(), sequence('Paid or waived of it so far', 'CNY')),
    paid_ratio: array(float64(), sequence('amount_paid / amount_due', 'fraction')),
    partial: array(boolean(), sequence('Whether it was paid in more than one part, or in part so far')),
    balance: array(
      decimal(),
      sequence(
        'Principal outstanding at the end of the due day; NULL also without a snapshot of that day in 1,116 days',
        'CNY',
      ),
    ),
    instalments_due: int32({ unit: 'instalments', description: 'Instalments whose due day is over' }),
    instalments_unpaid: int32({ unit: 'instalments', description: 'Instalments of them that are not fully paid' }),
    ...windows((n) => [
      `max_dpd_${n}`,
      int32({ unit: 'days', description: `Highest DPD of the last ${n} instalments` }),
    ]),
    ...windows((n) => [
      `mean_days_late_${n}`,
      float64({ unit: 'days', description: `Mean days late of the last ${n} instalments, early ones negative` }),
    ]),
    ...Object.assign(
      {},
      ...LATE.map((days) =>
        windows((n) => [
          `times_${days}plus_${n}`,
          int32({ unit: 'instalments', description: `Instalments of the last ${n} that reached DPD ${days}` }),
        ]),
      ),
    ),
    instalments_since_late: int32({
      unit: 'instalments',
      description: 'Instalments since the newest that was late by a day or more (0: the last one); NULL without one',
    }),
    on_time_instalments: int32({
      unit: 'instalments',
      description: 'Newest instalments in a row that were paid by their due date',
    }),
    longest_on_time_instalments: int32({
      unit: 'instalments',
      description: 'Most instalments in a row that were paid by their due date',
    }),
    cures: int32({
      unit: 'cures',
      description: 'Instalments of the last 36 paid by their due date right after one that was late',
    }),
    lateness_trend_6: float64({
      unit: 'days',
      description: 'Mean days late of the newest 3 instalments less that of the 3 before; NULL with fewer than 6',
    }),
    payment_day_drift: float64({
      unit: 'days an instalment',
      description:
        'Slope of days late over the last 12 instalments, above 0 where payments come later and later; NULL with fewer than 3',
    }),
    payment_day_spread: float64({
      unit: 'days',
      description: 'Standard deviation of days late over the last 12 instalments; NULL with fewer than 3',
    }),
    prepaid_share: float64({
      unit: 'fraction',
      description: 'Cash paid before the due days / due, over the last 36 instalments',
    }),
    partial_instalments_12: int32({
      unit: 'instalments',
      description: 'Instalments of the last 12 paid in more than one part, or in part so far',
    }),
    first_days_late: int32({
      unit: 'days',
      description: 'Days late of the first instalment that fell due, early negative; grows while it is unpaid',
    }),
    ...Object.fromEntries(
      FIRST_DEFAULT.map((days) => [
        `first_payment_default_${days}`,
        boolean({
          description: `FPD${days}: the first instalment reached DPD ${days}, also where it was paid since; NULL until ${days} days after its due date are over`,
        }),
      ]),
    ),
    collection_actions_30d: int32({ unit: 'actions', description: 'Actions of collecting in 30 local days' }),
    collection_actions_90d: int32({ unit: 'actions', description: 'Actions of collecting in 90 local days' }),
    borrower_reached_share_90d: float64({
      unit: 'fraction',
      description:
        'Actions to the borrower in 90 days that ended in REACHED, PROMISE or PAID / those with a result; NULL without one',
    }),
    contacts_addressed_90d: int32({
      unit: 'actions',
      description: 'Actions in 90 days that addressed a contact of the borrower',
    }),
    contact_reached_share_90d: float64({
      unit: 'fraction',
      description: 'The same share of actions to contacts; NULL without one',
    }),
    days_since_reached: int32({
      unit: 'days',
      description:
        'Local days since an action last ended in REACHED, PROMISE or PAID, with any party; NULL without one in 400 days',
    }),
    promises_90d: int32({ unit: 'promises', description: 'Promises to pay in 90 days' }),
    promises_kept_share: float64({
      unit: 'fraction',
      description:
        'Of the promises of 400 days whose day is over, the share for which the cash from after the promise to the end of that day is at least the amount ' +
        'promised; NULL without one',
    }),
  },
  query: (context) => {
    const { source, asOf, timezone } = context;
    const each = (make: (instalments: number) => Sql) => join(WINDOWS.map(make));
    const first = (count: number) => sql`arraySlice(list, 1, ${count})`;
    const channel = (value: string) => sql`arrayMap(e -> e.${raw(value)}, list)`;
    const cents = (value: string) => sql`arrayMap(e -> toDecimal128(e.${raw(value)}, 2) / 100, list)`;
    const lateIndex = sql`arrayFirstIndex(e -> e.days_late > 0, list)`;
    const recent = sql`
      SELECT loan_id FROM ${source('installments')} WHERE due_date >= ${asOf.date} - ${RECENT_DAYS} AND due_date < ${asOf.date}`;
    // Of the days of loans only those on which an instalment was due: all of them would be the largest table in memory.
    const dueDays = sql`SELECT loan_id, due_date FROM ${source('installments')} WHERE loan_id IN (${recent})`;
    const balances = sql`
      SELECT loan_id, as_of, toNullable(principal_outstanding) AS balance
      FROM ${source('loan_snapshots', { where: sql`as_of >= ${asOf.date} - ${SNAPSHOT_DAYS}` })} WHERE (loan_id, as_of) IN (${dueDays})`;
    const lists = sql`
      SELECT i.loan_id AS loan_id, countIf(NOT i.is_paid) AS unpaid, count() AS due_so_far, argMin((i.days_late, i.dpd, i.due_date), (i.due_date, i.installment_no)) AS opening,
        arraySlice(arrayReverseSort(e -> (e.due_date, e.installment_no), groupArray(CAST(
          (i.due_date, i.installment_no, i.dpd, i.days_late, i.due, i.settled, i.ahead, i.is_partial, b.balance),
          'Tuple(due_date Date, installment_no UInt32, dpd Int32, days_late Int32, due Int64, settled Int64, ahead Int64, is_partial Bool, balance Nullable(Decimal(18, 2)))'
        ))), 1, ${LAST}) AS list
      FROM ${judgedInstalments(context, sql`toDate('1970-01-01')`)} AS i
      LEFT JOIN (${balances}) AS b ON i.loan_id = b.loan_id AND i.due_date = b.as_of
      WHERE i.loan_id IN (${recent}) GROUP BY loan_id`;

    const reached = sql`result IN ('REACHED', 'PROMISE', 'PAID')`;
    const share = (party: string) => sql`
      avgOrNullIf(${reached}, acted_at > ${asOf.minusDays(90)} AND party = ${party} AND result IS NOT NULL)`;
    const cash = sql`
      SELECT loan_id, groupArray((paid_at, principal_paid + interest_paid + ifNull(fee_paid, 0) + ifNull(penalty_paid, 0))) AS payments
      FROM ${source('repayments')} WHERE ifNull(method, '') != 'WAIVER' AND paid_at > ${asOf.minusDays(RECENT_DAYS)} GROUP BY loan_id`;
    const collecting = sql`
      SELECT a.loan_id AS loan_id, toInt32(countIf(acted_at > ${asOf.minusDays(30)})) AS actions_30d, toInt32(countIf(acted_at > ${asOf.minusDays(90)})) AS actions_90d,
        ${share('BORROWER')} AS borrower_share, ${share('CONTACT')} AS contact_share,
        toInt32(countIf(acted_at > ${asOf.minusDays(90)} AND party = 'CONTACT')) AS contacts,
        toInt32(${asOf.date} - maxOrNullIf(toDate(acted_at, ${timezone}), ${reached})) AS days_since_reached,
        toInt32(countIf(acted_at > ${asOf.minusDays(90)} AND result = 'PROMISE')) AS promises,
        avgOrNullIf(
          arraySum(p -> if(p.1 > acted_at AND toDate(p.1, ${timezone}) <= promised_on, toDecimal128(p.2, 2), 0), c.payments) >= promised_amount,
          result = 'PROMISE' AND promised_on < ${asOf.date} AND promised_amount IS NOT NULL) AS kept
      FROM (SELECT * FROM ${source('collections')} WHERE acted_at > ${asOf.minusDays(RECENT_DAYS)}) AS a
      LEFT JOIN (${cash}) AS c ON a.loan_id = c.loan_id GROUP BY loan_id`;

    return sql`
      SELECT l.loan_id AS loan_id, arrayMap(e -> true, list) AS observed, ${channel('dpd')} AS dpd, ${channel('days_late')} AS days_late,
        ${cents('due')} AS amount_due, ${cents('settled')} AS amount_paid, arrayMap(e -> e.settled / e.due, list) AS paid_ratio,
        ${channel('is_partial')} AS partial, ${channel('balance')} AS balance, toInt32(due_so_far) AS instalments_due, toInt32(unpaid) AS instalments_unpaid,
        ${each((n) => sql`arrayMax(e -> e.dpd, ${first(n)}) AS ${ident(`max_dpd_${n}`)}`)},
        ${each((n) => sql`arrayAvg(e -> e.days_late, ${first(n)}) AS ${ident(`mean_days_late_${n}`)}`)},
        ${join(LATE.map((days) => each((n) => sql`toInt32(arrayCount(e -> e.dpd >= ${days}, ${first(n)})) AS ${ident(`times_${days}plus_${n}`)}`)))},
        if(${lateIndex} = 0, NULL, toInt32(${lateIndex} - 1)) AS instalments_since_late,
        toInt32(if(${lateIndex} = 0, length(list), ${lateIndex} - 1)) AS on_time_instalments,
        toInt32(arrayMax(run -> arrayCount(e -> e.days_late <= 0, run), arraySplit(e -> e.days_late > 0, list))) AS longest_on_time_instalments,
        toInt32(arrayCount((e, at) -> at < length(list) AND e.days_late <= 0 AND list[at + 1].days_late > 0, list, arrayEnumerate(list))) AS cures,
        if(length(list) < 6, NULL, arraySum((e, at) -> if(at <= 3, e.days_late, -e.days_late), ${first(6)}, arrayEnumerate(${first(6)})) / 3) AS lateness_trend_6,
        if(length(lates) < 3, NULL, arraySum((late, step) -> late * step, lates, steps) / arraySum(step -> step * step, steps)) AS payment_day_drift,
        if(length(lates) < 3, NULL, sqrt(arrayAvg(late -> pow(late - arrayAvg(lates), 2), lates))) AS payment_day_spread,
        arraySum(e -> e.ahead, list) / arraySum(e -> e.due, list) AS prepaid_share,
        toInt32(arrayCount(e -> e.is_partial, ${first(12)})) AS partial_instalments_12,
        opening.1 AS first_days_late,
        ${join(FIRST_DEFAULT.map((days) => sql`if(${asOf.date} - opening.3 > ${days}, toBool(opening.2 >= ${days}), NULL) AS ${ident(`first_payment_default_${days}`)}`))},
        ifNull(c.actions_30d, 0) AS collection_actions_30d, ifNull(c.actions_90d, 0) AS collection_actions_90d,
        c.borrower_share AS borrower_reached_share_90d, ifNull(c.contacts, 0) AS contacts_addressed_90d, c.contact_share AS contact_reached_share_90d,
        c.days_since_reached AS days_since_reached, ifNull(c.promises, 0) AS promises_90d, c.kept AS promises_kept_share
      FROM (
        SELECT *, arrayMap(e -> e.days_late, arrayReverse(${first(12)})) AS lates, arrayMap(at -> at - (length(lates) + 1) / 2, arrayEnumerate(lates)) AS steps
        FROM (${lists})) AS l
      LEFT JOIN (${collecting}) AS c ON l.loan_id = c.loan_id`;
  },
});
