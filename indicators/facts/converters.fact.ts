import { defineFact, sql } from 'riskgraph';

export default defineFact({
  description:
    'Contacts of campaigns that converted, by the local day on which they were sent, with the outcomes of their customers: of each label of customers the first that is observed at the ' +
    'conversion or later. Contacts without a known outcome, or with one that is indeterminate or excluded, are left out.',
  owner: 'growth',
  grain: 'one converted contact and label, on the day on which it was sent',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(any(c.sent_at), ${timezone}) AS date, c.contact_id AS contact_id, any(c.campaign) AS campaign, any(c.channel) AS channel, l.name AS label,
    argMin(l.value, l.observed_at) AS value
  FROM (SELECT * FROM ${source('campaign_contacts')} WHERE converted_at IS NOT NULL) AS c
  INNER JOIN (SELECT * FROM ${source('labels')} WHERE entity = 'customer' AND outcome IS NULL) AS l ON c.customer_id = l.entity_id
  WHERE l.observed_at >= assumeNotNull(c.converted_at)
  GROUP BY c.contact_id, l.name`,
  dimensions: {
    campaign: { expression: 'campaign', description: 'The campaign' },
    contact_channel: { expression: 'channel', description: 'H5, CALL, APP, SMS or OFFLINE' },
    label: { expression: 'label', description: 'The label, as name@version' },
  },
  measures: {
    converters: { expression: 'count()', description: 'Converted contacts with a known outcome', unit: 'count' },
    bad: { expression: 'countIf(value = 1)', description: 'Converted contacts whose outcome is 1', unit: 'count' },
  },
});
