import { defineFeatureView, float64, int32, raw, sql } from 'riskgraph';
import { cell } from '../entities.js';

const H3_RESOLUTION = 8;
const GEOHASH_LEVEL = 6;
/** A loan so many days past due, or written off, is bad. */
const BAD_DPD = 30;
/** Borrowers below which a cell says little of its own: the parent counts for as many. */
const FLOOR = 20;

export default defineFeatureView({
  entity: cell,
  description:
    `What became of those who applied in a cell, in H3 cells of resolution ${H3_RESOLUTION} and geohashes of level ${GEOHASH_LEVEL}: decisions, and repayment as ` +
    'known by the as-of. One row a cell with an application with a valid position in 400 days. A row counts all customers of the cell, ' +
    'the one who applies too.',
  owner: 'fraud-risk',
  tags: ['place', 'repayment'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  absent: 'ends',
  features: {
    decided_90d: int32({
      unit: 'applications',
      description: 'Applications of 90 days in the cell that were APPROVED or DECLINED by the as-of; 0 without one',
    }),
    approval_rate_90d: float64({
      unit: 'fraction',
      description: `Approved share of decided_90d; NULL with fewer than ${FLOOR} decided`,
    }),
    borrowers_400d: int32({
      unit: 'customers',
      description: 'Customers who applied in the cell in 400 days and have a loan on a day of these; 0 without one',
    }),
    bad_borrowers_400d: int32({
      unit: 'customers',
      description: `Borrowers of the cell with a loan ${BAD_DPD} or more days past due, or written off, on a day of these; 0 without one`,
    }),
    bad_rate_400d: float64({
      unit: 'fraction',
      description:
        `Bad share of the borrowers, smoothed towards the parent cell: (bad + ${FLOOR} × the parent's share) / (borrowers + ${FLOOR}); NULL where the ` +
        `parent has fewer than ${FLOOR} borrowers`,
    }),
    parent_bad_rate_400d: float64({
      unit: 'fraction',
      description: `Bad share of the borrowers of the parent cell, one resolution coarser; NULL with fewer than ${FLOOR}`,
    }),
  },
  query: ({ source, asOf }) => {
    const floor = raw(String(FLOOR));
    const hexagon = (resolution: number) => sql`h3ToString(h3ToParent(stringToH3(finest), ${raw(String(resolution))}))`;
    const rectangle = (level: number) => sql`substring(text, 1, ${raw(String(level))})`;
    const since = sql`as_of >= ${asOf.date} - 400`;
    // A customer counts once a cell and once a parent, wherever in it the applications were.
    const borrower = sql`(
      SELECT customer_id, max(dpd >= ${raw(String(BAD_DPD))} OR status = 'WRITTEN_OFF') AS bad
      FROM ${source('loan_snapshots', { where: since })} GROUP BY customer_id)`;
    const applied = sql`(
      SELECT customer_id, applied_at, decision,
        arrayJoin([
          (${hexagon(H3_RESOLUTION)}, ${hexagon(H3_RESOLUTION - 1)}),
          (${rectangle(GEOHASH_LEVEL)}, ${rectangle(GEOHASH_LEVEL - 1)})
        ]) AS place
      FROM (
        SELECT customer_id, applied_at, decision, assumeNotNull(h3) AS finest, assumeNotNull(geohash) AS text
        FROM ${source('applications')} WHERE applied_at > ${asOf.minusDays(400)} AND position_status = 'VALID'))`;
    return sql`
      SELECT c.cell AS cell, c.decided_90d AS decided_90d,
        if(c.decided_90d < ${floor}, NULL, c.approved / c.decided_90d) AS approval_rate_90d,
        c.borrowers AS borrowers_400d, c.bad AS bad_borrowers_400d,
        if(p.borrowers < ${floor}, NULL, p.bad / p.borrowers) AS parent_bad_rate_400d,
        if(p.borrowers < ${floor}, NULL, (c.bad + ${floor} * p.bad / p.borrowers) / (c.borrowers + ${floor})) AS bad_rate_400d
      FROM (
        SELECT a.place.1 AS cell, any(a.place.2) AS parent,
          toInt32(countIf(a.applied_at > ${asOf.minusDays(90)} AND a.decision IN ('APPROVED', 'DECLINED'))) AS decided_90d,
          toInt32(countIf(a.applied_at > ${asOf.minusDays(90)} AND a.decision = 'APPROVED')) AS approved,
          toInt32(uniqExactIf(a.customer_id, b.bad IS NOT NULL)) AS borrowers, toInt32(uniqExactIf(a.customer_id, b.bad = 1)) AS bad
        FROM ${applied} AS a LEFT JOIN ${borrower} AS b ON a.customer_id = b.customer_id GROUP BY cell) AS c
      INNER JOIN (
        SELECT a.place.2 AS parent, toInt32(uniqExactIf(a.customer_id, b.bad IS NOT NULL)) AS borrowers, toInt32(uniqExactIf(a.customer_id, b.bad = 1)) AS bad
        FROM ${applied} AS a LEFT JOIN ${borrower} AS b ON a.customer_id = b.customer_id GROUP BY parent) AS p
      ON c.parent = p.parent`;
  },
});
