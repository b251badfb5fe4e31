import { defineFeatureView, float64, int32, sql, string } from 'riskgraph';
import { customer } from '../entities.js';

export default defineFeatureView({
  entity: customer,
  description:
    'The place where the customer sleeps, by the app: the middle of the positions that it reported at night (22:00 to 5:59 local time) in the 90 local days ' +
    'before the as-of, mocked ones left out. Positions of different datums are never mixed: the datum with most nights counts. One row a customer ' +
    'with such a position.',
  owner: 'fraud-risk',
  tags: ['place'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    latitude: float64({ unit: 'degrees', tags: ['pii'], description: 'Median latitude, in the datum given' }),
    longitude: float64({ unit: 'degrees', tags: ['pii'], description: 'Median longitude, in the datum given' }),
    datum: string({ description: 'WGS84, GCJ02 or BD09' }),
    nights: int32({ unit: 'nights', description: 'Nights with a position in that datum; few say little' }),
  },
  query: ({ source, asOf, timezone }) => sql`
    SELECT customer_id, found.2 AS latitude, found.3 AS longitude, found.4 AS datum, found.1 AS nights
    FROM (
      SELECT customer_id, max((nights, middle_latitude, middle_longitude, of)) AS found
      FROM (
        SELECT assumeNotNull(customer_id) AS customer_id, assumeNotNull(datum) AS of,
          toInt32(uniqExact(toDate(toTimeZone(event_time, ${timezone}) - INTERVAL 6 HOUR))) AS nights,
          quantileExact(assumeNotNull(latitude)) AS middle_latitude, quantileExact(assumeNotNull(longitude)) AS middle_longitude
        FROM ${source('events')}
        WHERE event_time > ${asOf.minusDays(90)} AND customer_id IS NOT NULL AND customer_id != ''
          AND latitude IS NOT NULL AND longitude IS NOT NULL AND datum IS NOT NULL AND ifNull(is_mock_location, 0) = 0
          AND (toHour(toTimeZone(event_time, ${timezone})) >= 22 OR toHour(toTimeZone(event_time, ${timezone})) < 6)
        GROUP BY customer_id, datum)
      GROUP BY customer_id)`,
});
