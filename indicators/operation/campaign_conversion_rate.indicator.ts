import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'operation',
  description: 'Contacts that led to a conversion by now over contacts sent.',
  owner: 'operations',
  unit: 'fraction',
  term: '营销转化率',
  formula: 'converted / contacts',
  direction: 'HIGHER_IS_BETTER',
  pitfalls: 'Conversions still come for the newest contacts.',
  value: ratioOf('campaign_contacts@1:converted', 'campaign_contacts@1:contacts'),
});
