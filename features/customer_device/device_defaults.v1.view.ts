import { defineFeatureView, int32, raw, sql } from 'riskgraph';
import { customerDevice } from '../entities.js';

/** A loan of the customer is so many days past due, or written off. */
const LATE = 30;
const DEFAULT = 90;

export default defineFeatureView({
  entity: customerDevice,
  description:
    'The repayment of the other customers of a device, without the customer named, for every pair seen in the last 400 days. A late day or a ' +
    'default of another counts once it was known, never from the day it is about.',
  owner: 'fraud-risk',
  tags: ['device', 'repayment'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    other_late_customers_400d: int32({
      unit: 'customers',
      description: `Other customers seen on the device in 400 days with a loan ${LATE} or more days past due, or written off, on a day of these`,
    }),
    other_defaulted_customers_400d: int32({
      unit: 'customers',
      description: `Other customers seen on the device in 400 days with a loan ${DEFAULT} or more days past due, or written off, on a day of these`,
    }),
  },
  query: ({ source, asOf }) => {
    const since = sql`as_of >= ${asOf.date} - 400`;
    const others = (mark: string) => sql`toInt32(sum(${raw(mark)}) OVER (PARTITION BY device_id) - ${raw(mark)})`;
    return sql`
      SELECT customer_id, device_id, ${others('late')} AS other_late_customers_400d,
        ${others('defaulted')} AS other_defaulted_customers_400d
      FROM (
        SELECT s.customer_id AS customer_id, s.device_id AS device_id, toInt32(ifNull(l.there, 0)) AS late,
          toInt32(ifNull(l.defaulted, 0)) AS defaulted
        FROM (SELECT DISTINCT customer_id, device_id FROM ${source('device_sightings')} WHERE seen_at > ${asOf.minusDays(400)}) AS s
        LEFT JOIN (
          SELECT customer_id, toUInt8(1) AS there, max(dpd >= ${DEFAULT} OR status = 'WRITTEN_OFF') AS defaulted
          FROM ${source('loan_snapshots', { where: since })} WHERE dpd >= ${LATE} OR status = 'WRITTEN_OFF'
          GROUP BY customer_id) AS l ON s.customer_id = l.customer_id)`;
  },
});
