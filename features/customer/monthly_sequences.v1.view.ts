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
import { customer } from '../entities.js';
import { observedMonths } from './months.js';

/** Months of a sequence: element 0 is the last calendar month that has ended, local time. */
const MONTHS = 24;
const WINDOWS = [3, 6, 12, 24] as const;
const LATE = [1, 30, 60] as const;

const windows = (make: (months: number) => [string, FeatureSpec]) => Object.fromEntries(WINDOWS.map(make));
const monthly = (description: string, unit?: string) => ({
  length: MONTHS,
  pad: null,
  ...(unit === undefined ? {} : { unit }),
  description: `${description}; one value a month, newest first, NULL where the mask \`observed\` is false`,
});

export default defineFeatureView({
  entity: customer,
  description:
    'Repayment month by month over the last 24 complete calendar months, newest first, as sequences and as what is read from them. A month is observed where the ' +
    'customer has a loan snapshot or a statement in it; DPD is the highest over loans, and where a month has none, 30 x max(delinquency, 0) of its statements. ' +
    'A loan written off or sold keeps its closing DPD. Highest, times and months since read the worst day of each month; mean, cures, rolls and trend ' +
    'read month ends. Buckets: M0 = 0, M1 = 1-30, M2 = 31-60, … M7 above 180 days. The month in progress is not in it.',
  owner: 'behaviour-risk',
  tags: ['repayment', 'sequence'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    observed: array(boolean(), {
      length: MONTHS,
      pad: false,
      description: 'The mask of all sequences here: whether the month has a loan snapshot or a statement, newest first',
    }),
    dpd: array(int32(), monthly('DPD at the end of the month', 'days')),
    max_dpd: array(int32(), monthly('Highest DPD on any day of the month', 'days')),
    days_late: array(
      int32(),
      monthly(
        'Most days late of the instalments due in the month, early ones negative down to -10; NULL also where none was due',
        'days',
      ),
    ),
    amount_due: array(
      decimal(),
      monthly('What fell due: instalments, and the balance of the statement of the month before', 'CNY'),
    ),
    amount_paid: array(decimal(), monthly('Cash paid, without waivers and penalties', 'CNY')),
    paid_ratio: array(
      float64(),
      monthly('amount_paid / amount_due; above 1 where arrears were paid; NULL also where nothing was due', 'fraction'),
    ),
    partial: array(boolean(), monthly('Whether an instalment due in the month was paid in parts, or in part so far')),
    balance: array(
      decimal(),
      monthly('Principal of loans on book and statement balances at the end of the month', 'CNY'),
    ),
    utilization: array(
      float64(),
      monthly(
        'Used over granted of ACTIVE lines and of statements at the end of the month, never capped; NULL also without a limit',
        'fraction',
      ),
    ),
    products_open: array(
      int32(),
      monthly('Different products with a loan on book at the end of the month, or a statement', 'products'),
    ),
    months_observed: int32({ unit: 'months', description: 'Months of the 24 that are observed' }),
    ...windows((n) => [
      `max_dpd_${n}m`,
      int32({ unit: 'days', description: `Highest DPD on any day of ${n} months; NULL where none is observed` }),
    ]),
    ...windows((n) => [
      `mean_dpd_${n}m`,
      float64({ unit: 'days', description: `Mean DPD at the ends of the observed of ${n} months; NULL without one` }),
    ]),
    ...Object.assign(
      {},
      ...LATE.map((days) =>
        windows((n) => [
          `times_${days}plus_${n}m`,
          int32({ unit: 'months', description: `Months of the last ${n} with DPD >= ${days} on any day` }),
        ]),
      ),
    ),
    ...Object.fromEntries(
      LATE.map((days) => [
        `months_since_${days}plus`,
        int32({
          unit: 'months',
          description: `Months since the newest with DPD >= ${days} on any day (0: the last one); NULL without one in 24`,
        }),
      ]),
    ),
    ...windows((n) => [
      `cures_${n}m`,
      int32({ unit: 'cures', description: `Month ends of the last ${n} at DPD 0 after a month end past due` }),
    ]),
    ...windows((n) => [
      `rolls_forward_${n}m`,
      int32({ unit: 'rolls', description: `Month ends of the last ${n} in a worse bucket than the month end before` }),
    ]),
    ...windows((n) => [
      `rolls_back_${n}m`,
      int32({ unit: 'rolls', description: `Month ends of the last ${n} in a better bucket than before, cures too` }),
    ]),
    on_time_months: int32({
      unit: 'months',
      description: 'Observed months without a day past due since the newest with one; unobserved ones do not count',
    }),
    longest_on_time_months: int32({
      unit: 'months',
      description: 'Most observed months in a row without a day past due',
    }),
    dpd_trend_6m: float64({
      unit: 'days',
      description: 'Mean DPD at the newest 3 month ends less that of the 3 before; NULL unless all 6 are observed',
    }),
    ...windows((n) => [
      `paid_ratio_${n}m`,
      float64({ unit: 'fraction', description: `Cash paid over what fell due in ${n} months; NULL without a due` }),
    ]),
    short_paid_months_12m: int32({
      unit: 'months',
      description: 'Months of the last 12 in which less cash was paid than fell due',
    }),
    utilization_mean_6m: float64({
      unit: 'fraction',
      description: 'Mean utilization at the month ends of 6 months that have one; NULL without one',
    }),
    utilization_max_12m: float64({
      unit: 'fraction',
      description: 'Highest utilization at a month end of 12 months; NULL without one',
    }),
    utilization_change_6m: float64({
      unit: 'fraction',
      description: 'Utilization at the last month end less that 6 months before; NULL without one of them',
    }),
    balance_change_6m: decimal({
      unit: 'CNY',
      description: 'Balance at the last month end less that 6 months before; NULL where one is not observed',
    }),
  },
  query: (context) => {
    const window = (months: number) => sql`arrayFilter(e -> e.ago < ${months}, months)`;
    const over = (months: number, value: string) => raw(`arrayAvg(e -> ${value}, w${months})`);
    const channel = (value: string) => sql`arrayMap(p -> if(p = 0, NULL, months[p].${raw(value)}), place)`;
    const bucket = (dpd: string) => raw(`least(intDiv(${dpd} + 29, 30), 7)`);
    const each = (make: (months: number) => Sql) => join(WINDOWS.map(make));
    const rolled = (name: string, condition: Sql) =>
      each((n) => sql`toInt32(arrayCount(s -> s.ago < ${n} AND ${condition}, steps)) AS ${ident(`${name}_${n}m`)}`);
    // Where no element fits, the index is 0.
    const newest = (days: number) => sql`arrayFirstIndex(e -> e.worst >= ${days}, months)`;
    return sql`
      SELECT customer_id, arrayMap(p -> toBool(p > 0), place) AS observed,
        ${channel('dpd')} AS dpd, ${channel('worst')} AS max_dpd, ${channel('days_late')} AS days_late, ${channel('due')} AS amount_due,
        ${channel('paid')} AS amount_paid, ${channel('paid_ratio')} AS paid_ratio, ${channel('partial')} AS partial, ${channel('balance')} AS balance,
        ${channel('utilization')} AS utilization, ${channel('products')} AS products_open, toInt32(length(months)) AS months_observed,
        ${each((n) => sql`if(empty(${raw(`w${n}`)}), NULL, arrayMax(e -> e.worst, ${raw(`w${n}`)})) AS ${ident(`max_dpd_${n}m`)}`)},
        ${each((n) => sql`if(empty(${raw(`w${n}`)}), NULL, ${over(n, 'e.dpd')}) AS ${ident(`mean_dpd_${n}m`)}`)},
        ${join(LATE.map((days) => each((n) => sql`toInt32(arrayCount(e -> e.worst >= ${days}, ${raw(`w${n}`)})) AS ${ident(`times_${days}plus_${n}m`)}`)))},
        ${join(LATE.map((days) => sql`if(${newest(days)} = 0, NULL, months[${newest(days)}].ago) AS ${ident(`months_since_${days}plus`)}`))},
        ${rolled('cures', sql`s.dpd = 0 AND s.before > 0`)},
        ${rolled('rolls_forward', sql`${bucket('s.dpd')} > ${bucket('s.before')}`)},
        ${rolled('rolls_back', sql`${bucket('s.dpd')} < ${bucket('s.before')}`)},
        toInt32(if(${newest(1)} = 0, length(months), ${newest(1)} - 1)) AS on_time_months,
        toInt32(arrayMax(run -> arrayCount(e -> e.worst = 0, run), arraySplit(e -> e.worst > 0, months))) AS longest_on_time_months,
        if(length(w6) = 6, arraySum(e -> if(e.ago < 3, e.dpd, -e.dpd), w6) / 3, NULL) AS dpd_trend_6m,
        ${each((n) => {
          const sum = (value: string) => raw(`arraySum(e -> e.${value}, w${n})`);
          return sql`if(${sum('due')} > 0, toFloat64(${sum('paid')}) / toFloat64(${sum('due')}), NULL) AS ${ident(`paid_ratio_${n}m`)}`;
        })},
        toInt32(arrayCount(e -> e.paid < e.due, w12)) AS short_paid_months_12m,
        if(empty(lately_used), NULL, arrayAvg(lately_used)) AS utilization_mean_6m,
        if(empty(used), NULL, arrayMax(used)) AS utilization_max_12m,
        utilization[1] - utilization[7] AS utilization_change_6m, balance[1] - balance[7] AS balance_change_6m
      FROM (
        SELECT customer_id, months, arrayMap(i -> indexOf(months.ago, toInt32(i)), range(${raw(String(MONTHS))})) AS place,
          ${each((n) => sql`${window(n)} AS ${ident(`w${n}`)}`)},
          arrayMap(e -> assumeNotNull(e.utilization), arrayFilter(e -> e.utilization IS NOT NULL, w12)) AS used,
          arrayMap(e -> assumeNotNull(e.utilization), arrayFilter(e -> e.utilization IS NOT NULL, w6)) AS lately_used,
          arrayFilter(s -> s.ago_before = s.ago + 1,
            arrayMap((e, at) -> CAST((e.ago, e.dpd, months[at + 1].ago, months[at + 1].dpd), 'Tuple(ago Int32, dpd Int32, ago_before Int32, before Int32)'),
              months, arrayEnumerate(months))) AS steps
        FROM (
          SELECT customer_id, arraySort(e -> e.ago, groupArray(CAST(
            (ago, dpd, worst, days_late, partial, due, paid, paid_ratio, balance, utilization, products),
            'Tuple(ago Int32, dpd Int32, worst Int32, days_late Nullable(Int32), partial Bool, due Decimal(38, 2), paid Decimal(38, 2), paid_ratio Nullable(Float64), balance Decimal(38, 2), utilization Nullable(Float64), products Int32)'
          ))) AS months
          FROM ${observedMonths(context, MONTHS)} GROUP BY customer_id))`;
  },
});
