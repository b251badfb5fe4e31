import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'collection',
  description: 'Cost of collections over cash received by collections.',
  owner: 'collections',
  unit: 'fraction',
  term: '催收成本率',
  formula: 'collection cost / collected',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('costs@1:collection', 'repayments@1:collected'),
});
