import { boolean, defineFeatureView, type FeatureSpec, float64, int32, join, raw, sql } from 'riskgraph';
import { cell } from '../entities.js';

/** Some blocks of a city in both systems: hexagons of 0.7 km², rectangles of about 1 by 0.6 km. */
const H3_RESOLUTION = 8;
const GEOHASH_LEVEL = 6;
/** Days before the last one whose mean it is compared with. */
const BASELINE_DAYS = 28;
/** A cell is hot from so many applications of a day on, and so many standard deviations above its own mean. */
const HOT_APPLICATIONS = 5;
const HOT_DEVIATIONS = 3;

const WINDOWS = [
  ['1d', '24 hours'],
  ['7d', '7 local days'],
  ['30d', '30 local days'],
] as const;

const counted = (what: string, unit: string): Record<string, FeatureSpec> =>
  Object.fromEntries(
    WINDOWS.map(([window, words]) => [
      `${unit}_${window}`,
      int32({ unit, description: `${what} in the cell in ${words}; 0 without one` }),
    ]),
  );

export default defineFeatureView({
  entity: cell,
  description:
    `How busy a cell is: applications by the position of their device, in H3 cells of resolution ${H3_RESOLUTION} and geohashes of level ${GEOHASH_LEVEL}. ` +
    'An application without a valid position is in no cell. One row a cell with an application in 30 local days; a cell without one ends.',
  owner: 'fraud-risk',
  tags: ['place', 'velocity'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '30d',
  absent: 'ends',
  features: {
    ...counted('Applications', 'applications'),
    ...counted('Distinct customers who applied', 'customers'),
    ...counted('Distinct devices that applied', 'devices'),
    peak_hour_applications_1d: int32({
      unit: 'applications',
      description: 'Most applications within one hour of the clock in 24 hours; 0 without one',
    }),
    baseline_applications: float64({
      unit: 'applications',
      description: `Mean applications of 24 hours in the ${BASELINE_DAYS} before the last 24 hours; 0 without one`,
    }),
    burst_ratio: float64({
      unit: 'ratio',
      description: 'Applications of 24 hours by the baseline; NULL where the baseline is 0',
    }),
    burst_deviations: float64({
      unit: 'standard deviations',
      description:
        'Applications of 24 hours less the baseline, in standard deviations of a Poisson count with that mean, at least 1; 0 is as ever',
    }),
    hot: boolean({
      description: `At least ${HOT_APPLICATIONS} applications in 24 hours and ${HOT_DEVIATIONS} standard deviations above the baseline`,
    }),
    ring_applications_7d: int32({
      unit: 'applications',
      description: 'Applications of 7 local days in the cell and its 6 neighbours; NULL for a geohash',
    }),
    ring_density_7d: float64({
      unit: 'applications per km²',
      description: 'Applications of 7 local days in the cell and its 6 neighbours by their area; NULL for a geohash',
    }),
  },
  query: ({ source, asOf }) => {
    const hours = (count: number) => sql`${asOf.instant} - INTERVAL ${raw(String(count))} HOUR`;
    const since = { '1d': hours(24), '7d': asOf.minusDays(7), '30d': asOf.minusDays(30) };
    const inside = (window: keyof typeof since) => sql`is_own AND applied_at > ${since[window]}`;
    const counts = WINDOWS.flatMap(([window]) => [
      sql`toInt32(countIf(${inside(window)})) AS ${raw(`applications_${window}`)}`,
      sql`toInt32(uniqExactIf(customer_id, ${inside(window)})) AS ${raw(`customers_${window}`)}`,
      sql`toInt32(uniqExactIf(device_id, ${inside(window)} AND device_id != '')) AS ${raw(`devices_${window}`)}`,
    ]);
    const own = sql`h3ToParent(stringToH3(assumeNotNull(h3)), ${raw(String(H3_RESOLUTION))})`;
    // Each application counts in its own cells and, for the ring, in each neighbour of its hexagon.
    return sql`
      SELECT cell, ${join([...WINDOWS.flatMap(([window]) => ['applications', 'customers', 'devices'].map((name) => raw(`${name}_${window}`)))])},
        peak_hour_applications_1d, baseline_applications, if(baseline_applications = 0, NULL, applications_1d / baseline_applications) AS burst_ratio,
        (applications_1d - baseline_applications) / greatest(sqrt(baseline_applications), 1) AS burst_deviations,
        applications_1d >= ${raw(String(HOT_APPLICATIONS))} AND burst_deviations >= ${raw(String(HOT_DEVIATIONS))} AS hot,
        if(is_h3, ring, NULL) AS ring_applications_7d,
        if(is_h3, ring / (7 * h3CellAreaM2(stringToH3(cell)) / 1e6), NULL) AS ring_density_7d
      FROM (
        SELECT place.1 AS cell, ${join(counts)},
          toInt32(arrayMax(arrayMap(hour -> arrayCount(other -> other = hour, busy), arrayDistinct(groupArrayIf(toStartOfHour(applied_at), ${inside('1d')}) AS busy)))) AS peak_hour_applications_1d,
          countIf(is_own AND applied_at <= ${hours(24)} AND applied_at > ${hours(24 * (BASELINE_DAYS + 1))}) / ${raw(String(BASELINE_DAYS))} AS baseline_applications,
          toInt32(countIf(applied_at > ${since['7d']})) AS ring, length(cell) = 15 AS is_h3
        FROM (
          SELECT customer_id, ifNull(device_id, '') AS device_id, applied_at, place.2 AS is_own,
            arrayJoin(arrayPushFront(arrayMap(c -> (h3ToString(c), c = own), h3kRing(own, 1)), (substring(geohash, 1, ${raw(String(GEOHASH_LEVEL))}), 1))) AS place
          FROM (
            SELECT customer_id, device_id, applied_at, assumeNotNull(geohash) AS geohash, ${own} AS own
            FROM ${source('applications')} WHERE applied_at > ${asOf.minusDays(30)} AND position_status = 'VALID'))
        GROUP BY cell HAVING applications_30d > 0)`;
  },
});
