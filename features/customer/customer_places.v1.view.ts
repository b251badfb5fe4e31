import { boolean, defineFeatureView, float64, int32, raw, sql, string } from 'riskgraph';
import { customer } from '../entities.js';

/** Hexagons of 0.7 km². */
const RESOLUTION = 8;
/** Faster than an airliner, over more than what a position may be off. */
const IMPOSSIBLE_KMH = 900;
const FAR_KM = 50;

export default defineFeatureView({
  entity: customer,
  description:
    'Where a customer lives, works and goes, by the valid positions of app events and applications of 90 local days before the as-of. Home is the H3 ' +
    `cell of resolution ${RESOLUTION} with most nights (22:00 to 5:59 local time), work the one with most weekdays (9:00 to 18:59, Monday to Friday); where two have as many, ` +
    'the one with more positions. One row a customer with a position, valid or not.',
  owner: 'fraud-risk',
  tags: ['place'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  absent: 'ends',
  features: {
    home_cell: string({ tags: ['pii'], description: 'The H3 cell of home, hex; NULL without a position at night' }),
    home_latitude: float64({
      unit: 'degrees',
      tags: ['pii'],
      description: 'Mean latitude of the positions at night in the home cell, WGS84; NULL without one',
    }),
    home_longitude: float64({
      unit: 'degrees',
      tags: ['pii'],
      description: 'Mean longitude of the positions at night in the home cell, WGS84; NULL without one',
    }),
    home_nights_90d: int32({
      unit: 'nights',
      description: 'Nights with a position in the home cell; few say little; 0 without one',
    }),
    work_cell: string({
      tags: ['pii'],
      description: 'The H3 cell of work, hex; NULL without a position at working hours',
    }),
    work_latitude: float64({
      unit: 'degrees',
      tags: ['pii'],
      description: 'Mean latitude of the positions at working hours in the work cell, WGS84; NULL without one',
    }),
    work_longitude: float64({
      unit: 'degrees',
      tags: ['pii'],
      description: 'Mean longitude of the positions at working hours in the work cell, WGS84; NULL without one',
    }),
    work_days_90d: int32({
      unit: 'days',
      description: 'Weekdays with a position at working hours in the work cell; 0 without one',
    }),
    city_latitude: float64({
      unit: 'degrees',
      description: 'Latitude of the declared city, WGS84; NULL where the city is not declared or not in `places`',
    }),
    city_longitude: float64({
      unit: 'degrees',
      description: 'Longitude of the declared city, WGS84; NULL where the city is not declared or not in `places`',
    }),
    home_to_work_km: float64({
      unit: 'km',
      description: 'Great-circle distance of home and work; NULL without either',
    }),
    home_to_city_km: float64({
      unit: 'km',
      description: 'Great-circle distance of home and the declared city; NULL without either',
    }),
    cells_visited_30d: int32({
      unit: 'cells',
      description: 'Distinct cells with a position in 30 local days; 0 without one',
    }),
    cells_visited_90d: int32({
      unit: 'cells',
      description: 'Distinct cells with a position in 90 local days; 0 without one',
    }),
    cell_entropy_90d: float64({
      unit: 'bits',
      description:
        'Shannon entropy of the cells of the positions: 0 for a single cell, 1 for two in turns; NULL without a position',
    }),
    top_cell_share_90d: float64({
      unit: 'fraction',
      description: 'Share of the positions that the most frequent cell has; NULL without a position',
    }),
    farthest_km_90d: float64({
      unit: 'km',
      description: 'Great-circle distance of the position that is farthest from home; NULL without a home',
    }),
    top_speed_kmh_30d: float64({
      unit: 'km/h',
      description: `Highest speed between two positions in a row that are more than ${FAR_KM} km apart; NULL without two such`,
    }),
    impossible_travels_30d: int32({
      unit: 'journeys',
      description: `Times that two positions in a row are more than ${FAR_KM} km apart at more than ${IMPOSSIBLE_KMH} km/h; 0 without one`,
    }),
    has_impossible_travel_30d: boolean({ description: 'There is an impossible travel in 30 local days' }),
    mocked_positions_30d: int32({
      unit: 'positions',
      description: 'Positions in 30 local days that the device says are made up; 0 without one',
    }),
    invalid_positions_30d: int32({
      unit: 'positions',
      description:
        'Positions in 30 local days that are none: out of range, swapped, at 0 and 0, of half a position or an unknown datum; 0 without one',
    }),
  },
  query: ({ source, asOf, timezone }) => {
    const resolution = raw(String(RESOLUTION));
    const recent = sql`at > ${asOf.minusDays(30)}`;
    const seen = (table: 'events' | 'applications', at: string, id: string) => sql`
      SELECT assumeNotNull(customer_id) AS customer_id, ${raw(at)} AS at, ${raw(id)} AS id, assumeNotNull(position_status) AS status,
        ifNull(h3, '') AS finest, ifNull(wgs84_latitude, 0) AS latitude, ifNull(wgs84_longitude, 0) AS longitude
      FROM ${source(table)} WHERE ${raw(at)} > ${asOf.minusDays(90)} AND ifNull(customer_id, '') != '' AND ifNull(position_status, 'ABSENT') != 'ABSENT'`;
    const reports = sql`(${seen('events', 'event_time', 'event_id')} UNION ALL ${seen('applications', 'applied_at', 'application_id')})`;
    const localTime = sql`toTimeZone(at, ${timezone})`;
    const km = (from: string, to: string) =>
      raw(`greatCircleDistance(${from}_longitude, ${from}_latitude, ${to}_longitude, ${to}_latitude) / 1000`);
    // The cell of most days, of these the one with most positions: (days, positions, cell, latitude, longitude).
    const haunt = (days: ReturnType<typeof sql>, during: ReturnType<typeof sql>) => sql`
      SELECT customer_id, max((days, positions, cell, latitude, longitude)) AS found FROM (
        SELECT customer_id, cell, toInt32(uniqExact(${days})) AS days, count() AS positions, avg(latitude) AS latitude, avg(longitude) AS longitude
        FROM (SELECT *, h3ToString(h3ToParent(stringToH3(finest), ${resolution})) AS cell FROM ${reports} WHERE status = 'VALID')
        WHERE ${during} GROUP BY customer_id, cell) GROUP BY customer_id`;
    const home = haunt(
      sql`toDate(${localTime} - INTERVAL 6 HOUR)`,
      sql`(toHour(${localTime}) >= 22 OR toHour(${localTime}) < 6)`,
    );
    const work = haunt(
      sql`toDate(${localTime})`,
      sql`toHour(${localTime}) >= 9 AND toHour(${localTime}) < 19 AND toDayOfWeek(${localTime}) <= 5`,
    );
    return sql`
      SELECT customer_id, home_cell, home_latitude, home_longitude, home_nights_90d, work_cell, work_latitude, work_longitude, work_days_90d,
        city_latitude, city_longitude, ${km('home', 'work')} AS home_to_work_km, ${km('home', 'city')} AS home_to_city_km,
        cells_visited_30d, cells_visited_90d, cell_entropy_90d, top_cell_share_90d,
        if(home_cell IS NULL OR empty(points), NULL, arrayMax(arrayMap(p -> greatCircleDistance(assumeNotNull(home_longitude), assumeNotNull(home_latitude), p.2, p.1), points)) / 1000) AS farthest_km_90d,
        if(empty(speeds), NULL, arrayMax(speeds)) AS top_speed_kmh_30d,
        toInt32(arrayCount(speed -> speed > ${raw(String(IMPOSSIBLE_KMH))}, speeds)) AS impossible_travels_30d,
        impossible_travels_30d > 0 AS has_impossible_travel_30d, mocked_positions_30d, invalid_positions_30d
      FROM (
        SELECT r.customer_id AS customer_id, nullIf(h.found.3, '') AS home_cell, if(h.found.3 = '', NULL, h.found.4) AS home_latitude,
          if(h.found.3 = '', NULL, h.found.5) AS home_longitude, ifNull(h.found.1, 0) AS home_nights_90d,
          nullIf(w.found.3, '') AS work_cell, if(w.found.3 = '', NULL, w.found.4) AS work_latitude,
          if(w.found.3 = '', NULL, w.found.5) AS work_longitude, ifNull(w.found.1, 0) AS work_days_90d,
          c.city_latitude AS city_latitude, c.city_longitude AS city_longitude, r.* EXCEPT customer_id
        FROM (
          SELECT customer_id,
            toInt32(uniqExactIf(cell, status = 'VALID' AND ${recent})) AS cells_visited_30d, toInt32(uniqExactIf(cell, status = 'VALID')) AS cells_visited_90d,
            if(countIf(status = 'VALID') = 0, NULL, entropyIf(cell, status = 'VALID')) AS cell_entropy_90d,
            groupArrayIf(cell, status = 'VALID') AS cells,
            if(empty(cells), NULL, arrayMax(arrayMap(one -> countEqual(cells, one), arrayDistinct(cells))) / length(cells)) AS top_cell_share_90d,
            groupArrayIf((latitude, longitude), status = 'VALID') AS points,
            arraySort(groupArrayIf((at, id, latitude, longitude), status = 'VALID' AND ${recent})) AS path,
            arrayFilter(speed -> speed > 0, arrayMap((b, a) ->
              if(greatCircleDistance(a.4, a.3, b.4, b.3) > ${raw(String(FAR_KM * 1000))},
                greatCircleDistance(a.4, a.3, b.4, b.3) / 1000 / (greatest(dateDiff('millisecond', a.1, b.1), 1) / 3600000), 0),
              arrayPopFront(path), arrayPopBack(path))) AS speeds,
            toInt32(countIf(status = 'MOCKED' AND ${recent})) AS mocked_positions_30d,
            toInt32(countIf(status NOT IN ('VALID', 'MOCKED') AND ${recent})) AS invalid_positions_30d
          FROM (SELECT *, if(finest = '', '', h3ToString(h3ToParent(stringToH3(if(finest = '', '8f0000000000000', finest)), ${resolution}))) AS cell FROM ${reports})
          GROUP BY customer_id) AS r
        LEFT JOIN (${home}) AS h ON r.customer_id = h.customer_id
        LEFT JOIN (${work}) AS w ON r.customer_id = w.customer_id
        LEFT JOIN (
          SELECT customer_id, p.wgs84_latitude AS city_latitude, p.wgs84_longitude AS city_longitude
          FROM (SELECT customer_id, ifNull(province, '') AS province, ifNull(city, '') AS city FROM ${source('customers')}) AS q
          INNER JOIN ${source('places')} AS p ON q.province = p.province AND q.city = p.city) AS c ON r.customer_id = c.customer_id)`;
  },
});
