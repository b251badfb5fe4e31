import { defineFeatureView, float64, int32, sql } from 'riskgraph';
import { customer } from '../entities.js';

export default defineFeatureView({
  entity: customer,
  description:
    'The use of the app by the customer. Windows are (as-of - n local days, as-of]; a session is a session_id, events without one are in none. The night ' +
    'is 0:00 to 5:59 local time. One row a customer with an event in 90 days.',
  owner: 'behaviour-risk',
  tags: ['app'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    sessions_7d: int32({ unit: 'sessions', description: 'Sessions with an event in 7 days' }),
    sessions_30d: int32({ unit: 'sessions', description: 'Sessions with an event in 30 days' }),
    sessions_change: float64({
      unit: 'sessions',
      description: 'Sessions of the last 30 days less the mean of the two spells of 30 days before',
    }),
    logins_30d: int32({ unit: 'events', description: 'LOGIN events in 30 days' }),
    days_since_login: int32({
      unit: 'days',
      description: 'Local days from the newest LOGIN to the as-of day; NULL without one in 90 days',
    }),
    night_share_90d: float64({
      unit: 'fraction',
      description: 'Share of the events in 90 days that happened at night',
    }),
    credit_views_30d: int32({ unit: 'views', description: 'Views of the page CREDIT in 30 days' }),
    credit_view_share_90d: float64({
      unit: 'fraction',
      description: 'Share of the page views in 90 days that are of the page CREDIT; NULL without a page view',
    }),
    repayment_view_share_90d: float64({
      unit: 'fraction',
      description: 'Share of the page views in 90 days that are of the page REPAYMENT; NULL without a page view',
    }),
  },
  query: ({ source, asOf, timezone }) => sql`
    SELECT assumeNotNull(customer_id) AS customer_id,
      toInt32(uniqExactIf(session_id, event_time > ${asOf.minusDays(7)})) AS sessions_7d,
      toInt32(uniqExactIf(session_id, event_time > ${asOf.minusDays(30)})) AS sessions_30d,
      sessions_30d - uniqExactIf(session_id, event_time <= ${asOf.minusDays(30)}) / 2 AS sessions_change,
      toInt32(countIf(event_type = 'LOGIN' AND event_time > ${asOf.minusDays(30)})) AS logins_30d,
      toInt32(dateDiff('day', toDate(maxOrNullIf(event_time, event_type = 'LOGIN'), ${timezone}), ${asOf.date})) AS days_since_login,
      countIf(toHour(toTimeZone(event_time, ${timezone})) < 6) / count() AS night_share_90d,
      toInt32(countIf(event_type = 'PAGE_VIEW' AND page = 'CREDIT' AND event_time > ${asOf.minusDays(30)})) AS credit_views_30d,
      avgOrNullIf(ifNull(page, '') = 'CREDIT', event_type = 'PAGE_VIEW') AS credit_view_share_90d,
      avgOrNullIf(ifNull(page, '') = 'REPAYMENT', event_type = 'PAGE_VIEW') AS repayment_view_share_90d
    FROM ${source('events')} WHERE event_time > ${asOf.minusDays(90)} AND customer_id IS NOT NULL AND customer_id != ''
    GROUP BY customer_id`,
});
