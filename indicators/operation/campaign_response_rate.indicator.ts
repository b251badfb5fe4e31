import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'operation',
  description:
    'Campaign response: contacts answered within 14 days over contacts sent; IMMATURE until the last contact of the period is 14 days old.',
  owner: 'operations',
  unit: 'fraction',
  term: '营销响应率',
  formula: 'responded within 14 days / contacts',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf('campaign_contacts@1:responded', 'campaign_contacts@1:contacts'),
});
