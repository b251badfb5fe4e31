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
  string,
} from 'riskgraph';
import { customer } from '../entities.js';

/** Lines of a sequence; further ones count in what is read from all lines. */
const LINES = 30;
const WINDOWS = [7, 30, 90, 365] as const;
const LATE = [1, 30, 90] as const;
/** A report that is older describes somebody else. */
const REPORT_DAYS = 400;

const windows = (make: (days: number) => [string, FeatureSpec]) => Object.fromEntries(WINDOWS.map(make));
const lines = (mask: string, description: string, unit?: string) => ({
  length: LINES,
  pad: null,
  ...(unit === undefined ? {} : { unit }),
  description: `${description}, newest first; NULL where the mask \`${mask}\` is false or the report does not say it`,
});
const mask = (what: string) =>
  array(boolean(), {
    length: LINES,
    pad: false,
    description: `The mask of ${what}: whether the report lists that many`,
  });

export default defineFeatureView({
  entity: customer,
  description:
    'What bureau reports list of a customer: who asked (inquiries) and the accounts with other lenders (tradelines), as sequences of the newest 30 and as what is ' +
    'read from all of them. Each list comes from the newest OK report of 400 days that has one; a line is known with its report and counts from ' +
    'then on, whatever day it is about. Days are local days up to the as-of day. One row a customer with such a report.',
  owner: 'credit-risk',
  tags: ['bureau', 'sequence'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    inquiry_observed: mask('the sequences of inquiries'),
    inquiry_days_ago: array(int32(), lines('inquiry_observed', 'Days since the inquiry', 'days')),
    inquiry_amount: array(decimal(), lines('inquiry_observed', 'Amount applied for there', 'CNY')),
    inquiry_reason: array(string(), lines('inquiry_observed', 'Why the organisation asked')),
    inquiry_report_days: int32({
      unit: 'days',
      description: 'Days since the report whose inquiries these are; NULL without one',
    }),
    ...windows((n) => [
      `inquiries_${n}d`,
      int32({
        unit: 'inquiries',
        description: `Inquiries in the ${n} days before the as-of day; NULL without such a report`,
      }),
    ]),
    ...windows((n) => [
      `inquirers_${n}d`,
      int32({ unit: 'organisations', description: `Different organisations among them; NULL without such a report` }),
    ]),
    days_since_inquiry: int32({ unit: 'days', description: 'Days since the newest inquiry; NULL without one' }),
    inquiry_amount_90d: decimal({
      unit: 'CNY',
      description: 'Amounts of the inquiries of 90 days, those without one left out; NULL without such a report',
    }),
    inquiry_pace: float64({
      unit: 'ratio',
      description:
        'Inquiries of 30 days over a third of those of 90: above 1 they speed up; NULL without one in 90 days',
    }),
    tradeline_observed: mask('the sequences of tradelines'),
    tradeline_days_open: array(int32(), lines('tradeline_observed', 'Days since the account was opened', 'days')),
    tradeline_type: array(string(), lines('tradeline_observed', 'Kind of account')),
    tradeline_limit: array(decimal(), lines('tradeline_observed', 'Limit or amount lent', 'CNY')),
    tradeline_balance: array(decimal(), lines('tradeline_observed', 'What is owed', 'CNY')),
    tradeline_worst_dpd: array(int32(), lines('tradeline_observed', 'Highest DPD so far', 'days')),
    tradeline_open: array(
      boolean(),
      lines(
        'tradeline_observed',
        'Whether the account is open: its status is not CLOSED, SETTLED, WRITTEN_OFF or SOLD',
      ),
    ),
    tradeline_report_days: int32({
      unit: 'days',
      description: 'Days since the report whose tradelines these are; NULL without one',
    }),
    tradelines: int32({ unit: 'accounts', description: 'Accounts, open or not; NULL without such a report' }),
    open_tradelines: int32({ unit: 'accounts', description: 'Open accounts; NULL without such a report' }),
    lenders: int32({
      unit: 'organisations',
      description: 'Different lenders of open accounts; NULL without such a report',
    }),
    total_limit: decimal({ unit: 'CNY', description: 'Limits of open accounts; NULL without such a report' }),
    total_balance: decimal({ unit: 'CNY', description: 'Owed on open accounts; NULL without such a report' }),
    utilization: float64({
      unit: 'fraction',
      description: 'Owed over limits of the open accounts that have a limit above 0; NULL without one',
    }),
    worst_dpd: int32({ unit: 'days', description: 'Highest DPD of any account so far; NULL where none says it' }),
    ...Object.fromEntries(
      LATE.map((days) => [
        `tradelines_${days}plus`,
        int32({ unit: 'accounts', description: `Accounts that ever had DPD >= ${days}; NULL without such a report` }),
      ]),
    ),
    ...windows((n) => [
      `tradelines_opened_${n}d`,
      int32({
        unit: 'accounts',
        description: `Accounts opened in the ${n} days before the as-of day; NULL without such a report`,
      }),
    ]),
    oldest_tradeline_days: int32({
      unit: 'days',
      description: 'Days since the first account was opened; NULL where none says it',
    }),
    mean_tradeline_days: float64({
      unit: 'days',
      description: 'Mean days since accounts were opened; NULL where none says it',
    }),
  },
  query: ({ source, asOf, timezone }) => {
    const each = (make: (days: number) => Sql) => join(WINDOWS.map(make));
    const daysSince = (instant: string) => sql`toInt32(${asOf.date} - toDate(${raw(instant)}, ${timezone}))`;
    const sequence = (value: string, list: string) =>
      sql`arrayMap(e -> e.${raw(value)}, arraySlice(${raw(list)}, 1, ${LINES}))`;
    const observed = (list: string) => sql`arrayMap(e -> true, arraySlice(${raw(list)}, 1, ${LINES}))`;
    const unless = (list: string, value: Sql) => sql`if(empty(${raw(list)}), NULL, ${value})`;
    const nearest = (list: string, value: string, arrayOf: string) =>
      sql`arrayMap(e -> assumeNotNull(e.${raw(value)}), arrayFilter(e -> e.${raw(value)} IS NOT NULL${raw(arrayOf)}, ${raw(list)}))`;
    const reports = sql`
      SELECT report_id, customer_id, requested_at FROM ${source('external_reports')}
      WHERE status = 'OK' AND requested_at > ${asOf.minusDays(REPORT_DAYS)}`;
    // The lines of one report: the next lists the same ones again.
    const newestList = (table: 'inquiries' | 'tradelines', tuple: Sql, type: string) => sql`
      SELECT customer_id, argMax((list, days), (requested_at, report_id)) AS newest
      FROM (
        SELECT r.customer_id AS customer_id, r.report_id AS report_id, any(r.requested_at) AS requested_at, ${daysSince('requested_at')} AS days,
          groupArray(CAST(${tuple}, ${type})) AS list
        FROM (SELECT * FROM ${source(table)}) AS l INNER JOIN (${reports}) AS r ON l.report_id = r.report_id AND l.customer_id = r.customer_id
        GROUP BY customer_id, report_id)
      GROUP BY customer_id`;
    const asked = newestList(
      'inquiries',
      sql`(l.inquiry_no, ${daysSince('l.inquired_at')}, l.amount, l.reason, l.organisation)`,
      'Tuple(no UInt16, days Int32, amount Nullable(Decimal(18, 2)), reason Nullable(String), organisation Nullable(String))',
    );
    const owed = newestList(
      'tradelines',
      sql`(l.tradeline_no, toInt32(${asOf.date} - l.opened_on), l.account_type, l.credit_limit, l.balance, l.worst_dpd,
        upper(ifNull(l.status, 'OPEN')) NOT IN ('CLOSED', 'SETTLED', 'WRITTEN_OFF', 'SOLD'), l.organisation)`,
      'Tuple(no UInt16, days Nullable(Int32), kind Nullable(String), granted Nullable(Decimal(18, 2)), balance Nullable(Decimal(18, 2)), worst Nullable(Int32), open Bool, organisation Nullable(String))',
    );
    return sql`
      SELECT customer_id, ${observed('asked')} AS inquiry_observed, ${sequence('days', 'asked')} AS inquiry_days_ago,
        ${sequence('amount', 'asked')} AS inquiry_amount, ${sequence('reason', 'asked')} AS inquiry_reason, asked_days AS inquiry_report_days,
        ${each((n) => sql`${unless('asked', sql`toInt32(arrayCount(e -> e.days <= ${n}, asked))`)} AS ${ident(`inquiries_${n}d`)}`)},
        ${each((n) => sql`${unless('asked', sql`toInt32(length(arrayDistinct(${nearest('asked', 'organisation', ` AND e.days <= ${n}`)})))`)} AS ${ident(`inquirers_${n}d`)}`)},
        ${unless('asked', sql`asked[1].days`)} AS days_since_inquiry,
        ${unless('asked', sql`arraySum(e -> if(e.days <= 90, ifNull(e.amount, 0), 0), asked)`)} AS inquiry_amount_90d,
        if(inquiries_90d > 0, inquiries_30d / (inquiries_90d / 3), NULL) AS inquiry_pace,
        ${observed('owed')} AS tradeline_observed, ${sequence('days', 'owed')} AS tradeline_days_open, ${sequence('kind', 'owed')} AS tradeline_type,
        ${sequence('granted', 'owed')} AS tradeline_limit, ${sequence('balance', 'owed')} AS tradeline_balance,
        ${sequence('worst', 'owed')} AS tradeline_worst_dpd, ${sequence('open', 'owed')} AS tradeline_open, owed_days AS tradeline_report_days,
        ${unless('owed', sql`toInt32(length(owed))`)} AS tradelines, ${unless('owed', sql`toInt32(length(open))`)} AS open_tradelines,
        ${unless('owed', sql`toInt32(length(arrayDistinct(${nearest('open', 'organisation', '')})))`)} AS lenders,
        ${unless('owed', sql`arraySum(e -> ifNull(e.granted, 0), open)`)} AS total_limit,
        ${unless('owed', sql`arraySum(e -> ifNull(e.balance, 0), open)`)} AS total_balance,
        if(arrayExists(e -> e.granted > 0, open), toFloat64(arraySum(e -> if(e.granted > 0, ifNull(e.balance, 0), 0), open))
          / toFloat64(arraySum(e -> if(e.granted > 0, ifNull(e.granted, 0), 0), open)), NULL) AS utilization,
        if(empty(late), NULL, arrayMax(late)) AS worst_dpd,
        ${join(LATE.map((days) => sql`${unless('owed', sql`toInt32(arrayCount(d -> d >= ${days}, late))`)} AS ${ident(`tradelines_${days}plus`)}`))},
        ${each((n) => sql`${unless('owed', sql`toInt32(arrayCount(d -> d <= ${n}, ages))`)} AS ${ident(`tradelines_opened_${n}d`)}`)},
        if(empty(ages), NULL, arrayMax(ages)) AS oldest_tradeline_days, if(empty(ages), NULL, arrayAvg(ages)) AS mean_tradeline_days
      FROM (
        SELECT customer_id, asked, asked_days, owed, owed_days, arrayFilter(e -> e.open, owed) AS open,
          ${nearest('owed', 'worst', '')} AS late, ${nearest('owed', 'days', '')} AS ages
        FROM (
          SELECT coalesce(nullIf(i.customer_id, ''), t.customer_id) AS customer_id,
            arraySort(e -> (e.days, e.no), i.newest.1) AS asked, if(empty(asked), NULL, i.newest.2) AS asked_days,
            arraySort(e -> (e.days IS NULL, ifNull(e.days, 0), e.no), t.newest.1) AS owed, if(empty(owed), NULL, t.newest.2) AS owed_days
          FROM (${asked}) AS i FULL JOIN (${owed}) AS t ON i.customer_id = t.customer_id))`;
  },
});
