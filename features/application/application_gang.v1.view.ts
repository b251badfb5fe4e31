import { defineFeatureView, float64, int32, raw, sql, string } from 'riskgraph';
import { application } from '../entities.js';
import { gangMembers } from '../gangs.js';

export default defineFeatureView({
  entity: application,
  description:
    'The gang of the applicant as it is at the as-of, and what it did around the application, for applications of 90 days. Only what was known by the as-of ' +
    'counts, and never the default of the applicant. An application of a customer whom no identifier ties to another has no row.',
  owner: 'fraud-risk',
  tags: ['gang', 'application'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    gang_id: string({ description: 'The gang of the applicant' }),
    gang_size: int32({ unit: 'customers', description: 'Members of the gang, the applicant included' }),
    other_bad_share: float64({ unit: 'fraction', description: 'Share of the other members who are known bad' }),
    distance_to_bad: int32({
      unit: 'identifiers',
      description: 'Identifiers on the shortest way to another member who is known bad; NULL where there is none',
    }),
    other_applications_1h: int32({
      unit: 'applications',
      description: 'Applications of other members in the hour before this one: a burst',
    }),
    other_applications_1d: int32({
      unit: 'applications',
      description: 'Applications of other members in the 24 hours before this one',
    }),
    other_applications_7d: int32({
      unit: 'applications',
      description: 'Applications of other members in the 7 times 24 hours before this one',
    }),
    other_declined_30d: int32({
      unit: 'applications',
      description:
        'Applications of other members in the 30 times 24 hours before this one that were DECLINED by the as-of',
    }),
    same_amount_7d: int32({
      unit: 'applications',
      description: 'Applications of other members for the same amount in the 7 times 24 hours before this one',
    }),
    joined_before_hours: float64({
      unit: 'hours',
      description:
        'Hours from when the applicant was tied to the gang to the application; negative where the tie came later',
    }),
  },
  query: (context) => {
    const { source, asOf } = context;
    const before = (hours: number, condition = '1') =>
      sql`toInt32(countIf(o.applied_at > s.applied_at - INTERVAL ${raw(String(hours))} HOUR AND ${raw(condition)}))`;
    const applications = sql`
      SELECT a.application_id AS application_id, a.customer_id AS customer_id, a.applied_at AS applied_at, a.amount AS amount, a.decision AS decision,
        m.gang_id AS gang_id, m.gang_size AS gang_size, m.other_bad_share AS other_bad_share, m.distance_to_bad AS distance_to_bad, m.joined_at AS joined_at
      FROM (SELECT * FROM ${source('applications', { columns: ['application_id', 'customer_id', 'applied_at', 'amount', 'decision'] })}
        WHERE applied_at > ${asOf.minusDays(120)}) AS a
      INNER JOIN (
        SELECT customer_id, gang_id, joined_at, distance_to_bad, toInt32(count() OVER (PARTITION BY gang_id)) AS gang_size,
          (sum(known_bad) OVER (PARTITION BY gang_id) - known_bad) / (gang_size - 1) AS other_bad_share
        FROM ${gangMembers(context)}) AS m ON a.customer_id = m.customer_id`;
    return sql`
      SELECT s.application_id AS application_id, any(s.gang_id) AS gang_id, any(s.gang_size) AS gang_size, any(s.other_bad_share) AS other_bad_share,
        CAST(any(s.distance_to_bad), 'Nullable(Int32)') AS distance_to_bad,
        ${before(1)} AS other_applications_1h, ${before(24)} AS other_applications_1d, ${before(168)} AS other_applications_7d,
        ${before(720, "o.decision = 'DECLINED'")} AS other_declined_30d, ${before(168, 'o.amount = s.amount')} AS same_amount_7d,
        any(dateDiff('second', assumeNotNull(s.joined_at), s.applied_at)) / 3600 AS joined_before_hours
      FROM (SELECT * FROM (${applications}) WHERE applied_at > ${asOf.minusDays(90)}) AS s
      LEFT JOIN (SELECT customer_id, gang_id, applied_at, amount, decision FROM (${applications})) AS o
        ON s.gang_id = o.gang_id AND o.customer_id != s.customer_id AND o.applied_at <= s.applied_at
      GROUP BY s.application_id`;
  },
});
