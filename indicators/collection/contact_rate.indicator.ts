import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'collection',
  description:
    'Contact: cases in which someone was reached within 7 days of the first action, over cases by the day of their first action; IMMATURE until the last case of the period is 7 days old.',
  owner: 'collections',
  unit: 'fraction',
  term: '触达率',
  formula: 'reached within 7 days / cases',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf('collection_cases@1:reached', 'collection_cases@1:cases'),
});
