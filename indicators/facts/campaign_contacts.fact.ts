import { defineFact, sql } from 'riskgraph';

export default defineFact({
  description: 'Contacts of campaigns by the local day on which they were sent.',
  owner: 'growth',
  grain: 'one contact, on the day on which it was sent',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(sent_at, ${timezone}) AS date, campaign, channel, customer_id, converted_at IS NOT NULL AS converted,
    ifNull(responded_at <= sent_at + INTERVAL 14 DAY, false) AS responded, addDays(toDate(sent_at, ${timezone}), 14) AS matures_on
  FROM ${source('campaign_contacts')}`,
  dimensions: {
    campaign: { expression: 'campaign', description: 'The campaign' },
    contact_channel: { expression: 'channel', description: 'H5, CALL, APP, SMS or OFFLINE' },
  },
  measures: {
    contacts: { expression: 'count()', description: 'Contacts sent', unit: 'count' },
    responded: {
      expression: 'countIf(responded)',
      description: 'Contacts answered within 14 days',
      unit: 'count',
      matures: 'matures_on',
    },
    converted: {
      expression: 'countIf(converted)',
      description: 'Contacts that led to a conversion by now',
      unit: 'count',
    },
  },
});
