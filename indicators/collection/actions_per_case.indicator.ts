import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'collection',
  description: 'Actions of collections a case.',
  owner: 'collections',
  unit: 'actions',
  term: '案均催收次数',
  formula: 'actions / cases',
  value: ratioOf('collection_actions@1:actions', 'collection_actions@1:cases'),
});
