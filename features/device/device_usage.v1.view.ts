import { defineFeatureView, type FeatureSpec, float64, ident, int32, join, raw, type Sql, sql } from 'riskgraph';
import { device } from '../entities.js';
import { readIdentifiers } from './sightings.js';

const WINDOWS = [1, 7, 30, 90] as const;
const windows = (make: (days: number) => [string, FeatureSpec]) => Object.fromEntries(WINDOWS.map(make));
const days = (count: number) => (count === 1 ? 'the last local day' : `${count} local days`);

/** A WiFi of more devices is a mall's or a dormitory's: to act at its rhythm says nothing. */
const PRIVATE_WIFI = 100;
/** Serial numbers that lie so close come out of one box. */
const NEAR = 5;

export default defineFeatureView({
  entity: device,
  description:
    'Who uses a device and for what, and whether it stands in a farm, for every device seen in the last 400 days. Windows are (as-of - n local days, ' +
    'as-of]. Rates of the device say how risky it is; for a named customer, without their own part, read device_others@1.',
  owner: 'fraud-risk',
  tags: ['device', 'velocity'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    ...windows((n) => [
      `customers_${n}d`,
      int32({ unit: 'customers', description: `Different customers seen on the device in ${days(n)}` }),
    ]),
    ...windows((n) => [
      `applications_${n}d`,
      int32({ unit: 'applications', description: `Applications made on the device in ${days(n)}` }),
    ]),
    applicants_90d: int32({
      unit: 'customers',
      description: 'Different customers who applied on the device in 90 days',
    }),
    approved_share_90d: float64({
      unit: 'share',
      description:
        'Approved of the applications of 90 days that were approved or declined by the as-of; NULL without one',
    }),
    days_since_first_application: int32({
      unit: 'days',
      description: 'Local days since the first application on the device in 400 days; NULL without one',
    }),
    accounts_30d: int32({ unit: 'accounts', description: 'Different accounts signed in on the phone in 30 days' }),
    sims_30d: int32({
      unit: 'SIM cards',
      description: 'Different SIM cards in the phone in 30 days; above 2 they are swapped',
    }),
    wifis_30d: int32({ unit: 'networks', description: 'Different WiFi networks in 30 days' }),
    addresses_30d: int32({ unit: 'addresses', description: 'Different IP addresses in 30 days' }),
    night_share_30d: float64({
      unit: 'share',
      description: 'Share of the sightings of 30 days between 0:00 and 5:59 local time; NULL without one',
    }),
    wifi_devices_7d: int32({
      unit: 'devices',
      description: 'Devices, itself among them, on the busiest of its WiFi networks in 7 days; NULL without a WiFi',
    }),
    same_rhythm_devices_7d: int32({
      unit: 'devices',
      description: `Other devices seen in the same ten minutes on the same WiFi at least twice in 7 days, where the WiFi has at most ${PRIVATE_WIFI} devices`,
    }),
    serial_neighbours_400d: int32({
      unit: 'devices',
      description: `Other devices whose valid IMEI has the same allocation and a serial number at most ${NEAR} away: phones bought by the box`,
    }),
  },
  query: ({ source, asOf, timezone }) => {
    const within = (column: string, n: number): Sql => sql`${ident(column)} > ${asOf.minusDays(n)}`;
    const sightings = sql`${source('device_sightings')} WHERE seen_at > ${asOf.minusDays(400)}`;
    const onWifi = sql`
      SELECT DISTINCT device_id, assumeNotNull(wifi_bssid) AS wifi, toStartOfTenMinutes(seen_at) AS slot
      FROM ${source('device_sightings')} WHERE ${within('seen_at', 7)} AND wifi_bssid IS NOT NULL`;
    const crowd = sql`SELECT wifi, toInt32(uniqExact(device_id)) AS devices FROM (${onWifi}) GROUP BY wifi`;
    const quiet = sql`
      SELECT device_id, wifi, slot FROM (${onWifi}) WHERE wifi IN (SELECT wifi FROM (${crowd}) WHERE devices BETWEEN 2 AND ${PRIVATE_WIFI})`;
    return sql`
      SELECT s.device_id AS device_id, ${join(WINDOWS.map((n) => sql`s.${ident(`customers_${n}d`)} AS ${ident(`customers_${n}d`)}`))},
        ${join(WINDOWS.map((n) => sql`ifNull(a.${ident(`applications_${n}d`)}, 0) AS ${ident(`applications_${n}d`)}`))},
        ifNull(a.applicants_90d, 0) AS applicants_90d, a.approved_share_90d AS approved_share_90d,
        toInt32(dateDiff('day', toDate(a.first_applied, ${timezone}), ${asOf.date})) AS days_since_first_application,
        s.accounts_30d AS accounts_30d, s.sims_30d AS sims_30d, s.wifis_30d AS wifis_30d, s.addresses_30d AS addresses_30d,
        s.night_share_30d AS night_share_30d, w.devices AS wifi_devices_7d, ifNull(r.others, 0) AS same_rhythm_devices_7d,
        ifNull(n.others, 0) AS serial_neighbours_400d
      FROM (
        SELECT device_id,
          ${join(WINDOWS.map((n) => sql`toInt32(uniqExactIf(customer_id, ${within('seen_at', n)})) AS ${ident(`customers_${n}d`)}`))},
          toInt32(uniqExactIf(account_hash, ${within('seen_at', 30)})) AS accounts_30d,
          toInt32(uniqExactIf(sim_hash, ${within('seen_at', 30)})) AS sims_30d,
          toInt32(uniqExactIf(wifi_bssid, ${within('seen_at', 30)})) AS wifis_30d, toInt32(uniqExactIf(ip, ${within('seen_at', 30)})) AS addresses_30d,
          avgOrNullIf(toHour(toTimeZone(seen_at, ${timezone})) < 6, ${within('seen_at', 30)}) AS night_share_30d
        FROM ${sightings} GROUP BY device_id) AS s
      LEFT JOIN (
        SELECT device_id, ${join(WINDOWS.map((n) => sql`toInt32(countIf(${within('applied_at', n)})) AS ${ident(`applications_${n}d`)}`))},
          toInt32(uniqExactIf(customer_id, ${within('applied_at', 90)})) AS applicants_90d,
          avgOrNullIf(decision = 'APPROVED', ${within('applied_at', 90)} AND decision IN ('APPROVED', 'DECLINED')) AS approved_share_90d,
          min(applied_at) AS first_applied
        FROM ${source('applications')} WHERE applied_at > ${asOf.minusDays(400)} AND device_id IS NOT NULL
        GROUP BY device_id) AS a ON s.device_id = a.device_id
      LEFT JOIN (
        SELECT o.device_id AS device_id, max(c.devices) AS devices
        FROM (SELECT DISTINCT device_id, wifi FROM (${onWifi})) AS o INNER JOIN (${crowd}) AS c ON o.wifi = c.wifi
        GROUP BY device_id) AS w ON s.device_id = w.device_id
      LEFT JOIN (
        SELECT device_id, toInt32(count()) AS others
        FROM (
          SELECT l.device_id AS device_id, r.device_id AS other, uniqExact(l.slot) AS times
          FROM (${quiet}) AS l INNER JOIN (${quiet}) AS r ON l.wifi = r.wifi AND l.slot = r.slot
          WHERE device_id != other GROUP BY device_id, other HAVING times >= 2)
        GROUP BY device_id) AS r ON s.device_id = r.device_id
      LEFT JOIN (
        SELECT device_id, toInt32(count() OVER (PARTITION BY tac ORDER BY serial RANGE BETWEEN ${raw(`${NEAR} PRECEDING AND ${NEAR} FOLLOWING`)}) - 1) AS others
        FROM (
          SELECT device_id, substring(argMax(imei_body, seen_at), 1, 8) AS tac, toInt64OrZero(substring(argMax(imei_body, seen_at), 9, 6)) AS serial
          FROM (${readIdentifiers(sightings, ['device_id', 'seen_at'])}) WHERE imei_body IS NOT NULL
          GROUP BY device_id)) AS n ON s.device_id = n.device_id`;
  },
});
