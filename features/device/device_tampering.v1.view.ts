import { boolean, defineFeatureView, float64, ident, int32, join, type Sql, sql } from 'riskgraph';
import { device } from '../entities.js';

/** The flags that the device service raises, by the feature that tells of each. */
const FLAGS = {
  hooked_30d: ['hook', 'A framework that changes running apps was seen in 30 days'],
  cloned_30d: ['clone', 'The app ran as a copy beside itself in 30 days'],
  mock_location_30d: ['mock_location', 'The position was made up by another app in 30 days'],
  clock_skew_30d: ['clock_skew', 'The clock of the phone was off by more than a day in 30 days'],
} as const;

export default defineFeatureView({
  entity: device,
  description:
    'Signs of tampering with a device, for every device seen in the last 400 days. Windows are (as-of - n local days, as-of]; a flag is false where ' +
    'no sighting of the window raised it, and NULL where there was no sighting.',
  owner: 'fraud-risk',
  tags: ['device', 'tampering'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    ...Object.fromEntries(Object.entries(FLAGS).map(([name, [, description]]) => [name, boolean({ description })])),
    emulator_30d: boolean({ description: 'Any sighting in 30 days said emulator; NULL when none said either way' }),
    rooted_30d: boolean({
      description: 'Any sighting in 30 days said rooted or jailbroken; NULL when none said either way',
    }),
    vpn_share_30d: float64({
      unit: 'share',
      description: 'Share of the sightings of 30 days through a VPN; NULL without one',
    }),
    tampering_signs_30d: int32({
      unit: 'signs',
      description: 'Of emulator, root, hook, clone, mock location and clock skew, how many were seen in 30 days',
    }),
    resets_400d: int32({
      unit: 'resets',
      description: 'Different instants at which the phone was set back, as far as sightings told',
    }),
    days_since_reset: int32({
      unit: 'days',
      description: 'Local days since the last known reset; NULL when none is known',
    }),
    fresh_customers_90d: int32({
      unit: 'customers',
      description:
        'Customers whose first sighting on the device in 400 days fell within 90 days and within 24 hours after a reset',
    }),
    first_seen_fresh: boolean({
      description:
        'The first sighting of the device in 400 days came within 24 hours after a reset: a phone that has no past',
    }),
  },
  query: ({ source, asOf, timezone }) => {
    const known = (condition: Sql) => sql`if(recent = 0, NULL, CAST(${condition}, 'Nullable(Bool)'))`;
    const flags = Object.entries(FLAGS).map(
      ([name, [flag]]) => sql`${known(sql`has(raised, ${flag})`)} AS ${ident(name)}`,
    );
    const signs = Object.values(FLAGS).map(([flag]) => sql`has(raised, ${flag})`);
    return sql`
      SELECT device_id, ${join(flags)}, CAST(emulator, 'Nullable(Bool)') AS emulator_30d, CAST(rooted, 'Nullable(Bool)') AS rooted_30d,
        if(recent = 0, NULL, vpn / recent) AS vpn_share_30d,
        toInt32(ifNull(emulator, 0) + ifNull(rooted, 0) + ${join(signs, ' + ')}) AS tampering_signs_30d, resets_400d,
        toInt32(dateDiff('day', toDate(last_reset, ${timezone}), ${asOf.date})) AS days_since_reset, fresh_customers_90d, first_seen_fresh
      FROM (
        SELECT device_id, sum(recent) AS recent, sum(vpn) AS vpn, max(emulator) AS emulator, max(rooted) AS rooted,
          groupUniqArrayArray(raised) AS raised, toInt32(length(groupUniqArrayArray(resets))) AS resets_400d, max(last_reset) AS last_reset,
          toInt32(countIf(fresh AND first_seen > ${asOf.minusDays(90)})) AS fresh_customers_90d,
          CAST(argMin(fresh, first_seen), 'Bool') AS first_seen_fresh
        FROM (
          SELECT device_id, customer_id, countIf(of_window) AS recent, countIf(of_window AND has(flags, 'vpn')) AS vpn,
            maxOrNullIf(is_emulator, of_window) AS emulator, maxOrNullIf(is_rooted, of_window) AS rooted,
            groupUniqArrayArrayIf(flags, of_window) AS raised, groupUniqArray(reset_at) AS resets, max(reset_at) AS last_reset,
            min(seen_at) AS first_seen,
            toUInt8(ifNull(dateDiff('second', argMin(tuple(reset_at), seen_at).1, first_seen) BETWEEN 0 AND 86400, 0)) AS fresh
          FROM (
            SELECT device_id, customer_id, seen_at, is_emulator, is_rooted, flags, reset_at, seen_at > ${asOf.minusDays(30)} AS of_window
            FROM ${source('device_sightings')} WHERE seen_at > ${asOf.minusDays(400)})
          GROUP BY device_id, customer_id)
        GROUP BY device_id)`;
  },
});
