import { defineFeatureView, int32, sql } from 'riskgraph';
import { customerDevice } from '../entities.js';

export default defineFeatureView({
  entity: customerDevice,
  description:
    'The other customers on a device, without the customer named, for every pair seen in the last 400 days. Windows are (as-of - n local days, ' +
    'as-of]; the customer need not have been on the device within them.',
  owner: 'fraud-risk',
  tags: ['device'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    other_customers_30d: int32({ unit: 'customers', description: 'Other customers seen on the device in 30 days' }),
    other_customers_400d: int32({ unit: 'customers', description: 'Other customers seen on the device in 400 days' }),
    sightings_30d: int32({ unit: 'sightings', description: 'Sightings of this customer on this device in 30 days' }),
    days_since_first_seen: int32({
      unit: 'days',
      description: "Local days from this customer's first sighting on the device in 400 days to the as-of day",
    }),
  },
  query: ({ source, asOf, timezone }) => sql`
    SELECT customer_id, device_id,
      toInt32(sum(seen_30d) OVER (PARTITION BY device_id) - seen_30d) AS other_customers_30d,
      toInt32(count() OVER (PARTITION BY device_id) - 1) AS other_customers_400d,
      sightings_30d, days_since_first_seen
    FROM (
      SELECT customer_id, device_id, toInt32(countIf(seen_at > ${asOf.minusDays(30)})) AS sightings_30d,
        toInt32(sightings_30d > 0) AS seen_30d,
        toInt32(dateDiff('day', toDate(min(seen_at), ${timezone}), ${asOf.date})) AS days_since_first_seen
      FROM ${source('device_sightings')} WHERE seen_at > ${asOf.minusDays(400)}
      GROUP BY customer_id, device_id)`,
});
