import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'collection',
  description: 'Contact: cases in which someone was reached in the period over cases worked in it.',
  owner: 'collections',
  unit: 'fraction',
  term: '可联率',
  formula: 'reached cases / cases',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf('collection_actions@1:reached_cases', 'collection_actions@1:cases'),
});
