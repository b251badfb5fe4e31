import { boolean, defineFeatureView, type FeatureSpec, ident, int32, join, raw, type Sql, sql } from 'riskgraph';
import { customer } from '../entities.js';

const WINDOWS = [1, 7, 30, 90] as const;
const windows = (make: (days: number) => [string, FeatureSpec]) => Object.fromEntries(WINDOWS.map(make));
const days = (count: number) => (count === 1 ? 'the last local day' : `${count} local days`);

export default defineFeatureView({
  entity: customer,
  description:
    'The devices, accounts and SIM cards that a customer uses, for every customer seen on a device in the last 400 days. Windows are (as-of - n local ' +
    'days, as-of]. Devices that change often, or that others use, are the signs of an account that was sold or taken over.',
  owner: 'fraud-risk',
  tags: ['device', 'velocity'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    ...windows((n) => [
      `devices_${n}d`,
      int32({ unit: 'devices', description: `Different devices of the customer in ${days(n)}` }),
    ]),
    device_switches_90d: int32({
      unit: 'switches',
      description: 'Times in 90 days at which a sighting was on another device than the one before',
    }),
    days_on_newest_device: int32({
      unit: 'days',
      description: 'Local days since the first sighting, in 400 days, of the customer on the device of the last one',
    }),
    is_newest_device_new: boolean({
      description:
        'The customer was first seen on the device of the last sighting within 7 days, having been on another before: often a take-over',
    }),
    newest_device_others_90d: int32({
      unit: 'customers',
      description: 'Other customers seen in 90 days on the device of the last sighting',
    }),
    shared_devices_90d: int32({
      unit: 'devices',
      description: 'Devices of the customer in 90 days on which others were seen in these days',
    }),
    tampered_devices_90d: int32({
      unit: 'devices',
      description:
        'Devices of the customer in 90 days with an emulator, root, hook or clone at one of their own sightings',
    }),
    brands_90d: int32({ unit: 'brands', description: 'Different brands of the devices of the customer in 90 days' }),
    accounts_90d: int32({
      unit: 'accounts',
      description: 'Different accounts signed in on the phones of the customer in 90 days',
    }),
    sims_90d: int32({ unit: 'SIM cards', description: 'Different SIM cards in the phones of the customer in 90 days' }),
    days_since_sim_change: int32({
      unit: 'days',
      description:
        'Local days since the first sighting of the SIM card that was seen last; NULL with fewer than two cards in 400 days',
    }),
  },
  query: ({ source, asOf, timezone }) => {
    const within = (n: number): Sql => sql`seen_at > ${asOf.minusDays(n)}`;
    const sightings = sql`${source('device_sightings')} WHERE ${within(400)}`;
    const since = (instant: string) =>
      sql`toInt32(dateDiff('day', toDate(${raw(instant)}, ${timezone}), ${asOf.date}))`;
    const inWindow = (n: number): Sql => sql`last_seen > ${asOf.minusDays(n)}`;
    return sql`
      SELECT d.customer_id AS customer_id, ${join(WINDOWS.map((n) => sql`d.${ident(`devices_${n}d`)} AS ${ident(`devices_${n}d`)}`))},
        toInt32(arrayCount((one, next) -> one != next, arrayPopBack(s.path), arrayPopFront(s.path))) AS device_switches_90d,
        ${since('d.newest_since')} AS days_on_newest_device, d.is_newest_device_new AS is_newest_device_new,
        d.newest_device_others_90d AS newest_device_others_90d, d.shared_devices_90d AS shared_devices_90d,
        d.tampered_devices_90d AS tampered_devices_90d, s.brands_90d AS brands_90d, s.accounts_90d AS accounts_90d, s.sims_90d AS sims_90d,
        if(m.sims > 1, ${since('m.since')}, NULL) AS days_since_sim_change
      FROM (
        SELECT customer_id, ${join(WINDOWS.map((n) => sql`toInt32(countIf(${inWindow(n)})) AS ${ident(`devices_${n}d`)}`))},
          argMax(first_seen, (last_seen, device_id)) AS newest_since,
          CAST(newest_since > ${asOf.minusDays(7)} AND count() > 1, 'Bool') AS is_newest_device_new,
          toInt32(argMax(users - (${inWindow(90)}), (last_seen, device_id))) AS newest_device_others_90d,
          toInt32(countIf(${inWindow(90)} AND users > 1)) AS shared_devices_90d, toInt32(sum(tampered)) AS tampered_devices_90d
        FROM (
          SELECT customer_id, device_id, first_seen, last_seen, tampered, sum(${inWindow(90)}) OVER (PARTITION BY device_id) AS users
          FROM (
            SELECT customer_id, device_id, min(seen_at) AS first_seen, max(seen_at) AS last_seen,
              max(${within(90)} AND (ifNull(is_emulator, 0) = 1 OR ifNull(is_rooted, 0) = 1 OR hasAny(flags, ['hook', 'clone']))) AS tampered
            FROM ${sightings} GROUP BY customer_id, device_id))
        GROUP BY customer_id) AS d
      INNER JOIN (
        SELECT customer_id, arrayMap(one -> one.2, arraySort(groupArrayIf((seen_at, device_id), ${within(90)}))) AS path,
          toInt32(uniqExactIf(brand, ${within(90)})) AS brands_90d, toInt32(uniqExactIf(account_hash, ${within(90)})) AS accounts_90d,
          toInt32(uniqExactIf(sim_hash, ${within(90)})) AS sims_90d
        FROM ${sightings} GROUP BY customer_id) AS s ON d.customer_id = s.customer_id
      LEFT JOIN (
        SELECT customer_id, count() AS sims, argMax(first_seen, last_seen) AS since
        FROM (
          SELECT customer_id, sim_hash, min(seen_at) AS first_seen, max(seen_at) AS last_seen
          FROM ${sightings} AND sim_hash IS NOT NULL GROUP BY customer_id, sim_hash)
        GROUP BY customer_id) AS m ON d.customer_id = m.customer_id`;
  },
});
