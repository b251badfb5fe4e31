import { defineFeatureView, float64, int32, sql } from 'riskgraph';
import { customer } from '../entities.js';

export default defineFeatureView({
  entity: customer,
  description:
    'The demand for credit by the customer, here and elsewhere: applications of all kinds with their decisions, and the newest answer of ' +
    'a bureau. Windows are (as-of - n local days, as-of]. One row a customer with an application or a report in 400 days.',
  owner: 'behaviour-risk',
  tags: ['application', 'bureau'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    applications_90d: int32({ unit: 'applications', description: 'Applications of any kind in 90 days' }),
    applications_365d: int32({ unit: 'applications', description: 'Applications of any kind in 365 days' }),
    drawdowns_90d: int32({ unit: 'applications', description: 'Drawdowns asked for in 90 days' }),
    declined_90d: int32({
      unit: 'applications',
      description: 'Applications of 90 days that were DECLINED by the as-of',
    }),
    declined_365d: int32({
      unit: 'applications',
      description: 'Applications of 365 days that were DECLINED by the as-of',
    }),
    days_since_application: int32({
      unit: 'days',
      description: 'Local days from the newest application to the as-of day; NULL without one in 400 days',
    }),
    bureau_score: float64({
      unit: 'points',
      description: 'bureau_score of the newest OK report of 400 days that has one, high = safe',
    }),
    bureau_score_change: float64({
      unit: 'points',
      description: 'bureau_score less that of the OK report before it in 400 days; NULL with fewer than two',
    }),
    multi_lender_count: int32({
      unit: 'lenders',
      description: 'multi_lender_count of the newest OK report of 400 days that has one',
    }),
    reports_90d: int32({ unit: 'reports', description: 'Reports asked for in 90 days, answered or not' }),
  },
  query: ({ source, asOf, timezone }) => sql`
    SELECT coalesce(nullIf(a.customer_id, ''), r.customer_id) AS customer_id,
      ifNull(a.applications_90d, 0) AS applications_90d, ifNull(a.applications_365d, 0) AS applications_365d, ifNull(a.drawdowns_90d, 0) AS drawdowns_90d,
      ifNull(a.declined_90d, 0) AS declined_90d, ifNull(a.declined_365d, 0) AS declined_365d, a.days_since_application AS days_since_application,
      r.bureau_score AS bureau_score, r.bureau_score_change AS bureau_score_change, r.multi_lender_count AS multi_lender_count,
      ifNull(r.reports_90d, 0) AS reports_90d
    FROM (
      SELECT customer_id, toInt32(countIf(applied_at > ${asOf.minusDays(90)})) AS applications_90d,
        toInt32(countIf(applied_at > ${asOf.minusDays(365)})) AS applications_365d,
        toInt32(countIf(applied_at > ${asOf.minusDays(90)} AND kind = 'DRAWDOWN')) AS drawdowns_90d,
        toInt32(countIf(applied_at > ${asOf.minusDays(90)} AND decision = 'DECLINED')) AS declined_90d,
        toInt32(countIf(applied_at > ${asOf.minusDays(365)} AND decision = 'DECLINED')) AS declined_365d,
        toInt32(dateDiff('day', toDate(max(applied_at), ${timezone}), ${asOf.date})) AS days_since_application
      FROM ${source('applications')} WHERE applied_at > ${asOf.minusDays(400)} GROUP BY customer_id) AS a
    FULL JOIN (
      SELECT customer_id,
        arrayReverseSort(groupArrayIf((requested_at, report_id, \`values\`['bureau_score']),
          status = 'OK' AND mapContains(\`values\`, 'bureau_score'))) AS scores,
        if(empty(scores), NULL, scores[1].3) AS bureau_score,
        if(length(scores) < 2, NULL, scores[1].3 - scores[2].3) AS bureau_score_change,
        toInt32(argMaxOrNullIf(\`values\`['multi_lender_count'], (requested_at, report_id),
          status = 'OK' AND mapContains(\`values\`, 'multi_lender_count'))) AS multi_lender_count,
        toInt32(countIf(requested_at > ${asOf.minusDays(90)})) AS reports_90d
      FROM ${source('external_reports')} WHERE requested_at > ${asOf.minusDays(400)} GROUP BY customer_id) AS r
    ON a.customer_id = r.customer_id`,
});
