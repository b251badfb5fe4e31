import { boolean, defineFeatureView, type FeatureSpec, float64, ident, int32, join, raw, sql } from 'riskgraph';
import { customerDevice } from '../entities.js';

const WINDOWS = [1, 7, 30, 90] as const;
const windows = (make: (days: number) => [string, FeatureSpec]) => Object.fromEntries(WINDOWS.map(make));
const days = (count: number) => (count === 1 ? 'the last local day' : `${count} local days`);

/** A loan of a customer is known bad from so many days past due on, or once it is written off. */
const BAD = 30;

export default defineFeatureView({
  entity: customerDevice,
  description:
    'The other customers of a device and how they paid, without the customer named, for every pair seen in the last 400 days. Windows are (as-of - n ' +
    `local days, as-of]. A customer is known bad from the day on which a loan was ${BAD} days past due or written off and that was known.`,
  owner: 'fraud-risk',
  tags: ['device', 'velocity', 'repayment'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    ...windows((n) => [
      `other_customers_${n}d`,
      int32({ unit: 'customers', description: `Other customers seen on the device in ${days(n)}` }),
    ]),
    ...windows((n) => [
      `other_applications_${n}d`,
      int32({ unit: 'applications', description: `Applications of other customers on the device in ${days(n)}` }),
    ]),
    other_bad_customers_400d: int32({
      unit: 'customers',
      description: 'Other customers seen on the device in 400 days who are known bad by a day of these',
    }),
    other_bad_share_400d: float64({
      unit: 'share',
      description:
        'Share of the other customers seen on the device in 400 days who are known bad; NULL where there are no others',
    }),
    is_first_customer: boolean({
      description: 'No other customer was seen on the device before this one, in 400 days',
    }),
    is_first_applicant: boolean({
      description:
        'No other customer applied on the device before this one did, in 400 days; NULL where this one did not apply on it',
    }),
  },
  query: ({ source, asOf }) => {
    const others = (column: string) => sql`sum(${ident(column)}) OVER (PARTITION BY device_id) - ${ident(column)}`;
    const applied = (n: number) => sql`ifNull(a.${ident(`applications_${n}d`)}, 0) AS ${ident(`applications_${n}d`)}`;
    return sql`
      SELECT customer_id, device_id,
        ${join(WINDOWS.map((n) => sql`toInt32(${others(`seen_${n}d`)}) AS ${ident(`other_customers_${n}d`)}`))},
        ${join(WINDOWS.map((n) => sql`toInt32(${others(`applications_${n}d`)}) AS ${ident(`other_applications_${n}d`)}`))},
        toInt32(${others('bad')}) AS other_bad_customers_400d,
        if(count() OVER (PARTITION BY device_id) = 1, NULL, (${others('bad')}) / (count() OVER (PARTITION BY device_id) - 1)) AS other_bad_share_400d,
        CAST(first_seen = min(first_seen) OVER (PARTITION BY device_id), 'Bool') AS is_first_customer,
        CAST(first_applied = min(first_applied) OVER (PARTITION BY device_id), 'Nullable(Bool)') AS is_first_applicant
      FROM (
        SELECT s.customer_id AS customer_id, s.device_id AS device_id, s.first_seen AS first_seen, a.first_applied AS first_applied,
          ${join(WINDOWS.map((n) => sql`s.${ident(`seen_${n}d`)} AS ${ident(`seen_${n}d`)}`))}, ${join(WINDOWS.map(applied))},
          toInt32(ifNull(b.bad, 0)) AS bad
        FROM (
          SELECT customer_id, device_id, min(seen_at) AS first_seen,
            ${join(WINDOWS.map((n) => sql`toInt32(max(seen_at) > ${asOf.minusDays(n)}) AS ${ident(`seen_${n}d`)}`))}
          FROM ${source('device_sightings')} WHERE seen_at > ${asOf.minusDays(400)}
          GROUP BY customer_id, device_id) AS s
        LEFT JOIN (
          SELECT customer_id, assumeNotNull(device_id) AS device, min(applied_at) AS first_applied,
            ${join(WINDOWS.map((n) => sql`toInt32(countIf(applied_at > ${asOf.minusDays(n)})) AS ${ident(`applications_${n}d`)}`))}
          FROM ${source('applications')} WHERE applied_at > ${asOf.minusDays(400)} AND device_id IS NOT NULL
          GROUP BY customer_id, device_id) AS a ON s.customer_id = a.customer_id AND s.device_id = a.device
        LEFT JOIN (
          SELECT customer_id, toUInt8(1) AS bad
          FROM ${source('loan_snapshots', { where: sql`as_of >= ${asOf.date} - 400` })}
          WHERE dpd >= ${raw(String(BAD))} OR status = 'WRITTEN_OFF'
          GROUP BY customer_id) AS b ON s.customer_id = b.customer_id)`;
  },
});
