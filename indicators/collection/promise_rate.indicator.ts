import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'collection',
  description: 'Cases with a promise to pay over cases worked.',
  owner: 'collections',
  unit: 'fraction',
  term: '承诺率',
  formula: 'promised cases / cases',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf('collection_actions@1:promised_cases', 'collection_actions@1:cases'),
});
