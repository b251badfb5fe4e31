import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'collection',
  description: 'Cases on which collections acted.',
  owner: 'collections',
  unit: 'count',
  term: '催收案件数',
  formula: 'COUNT(DISTINCT cases)',
  value: totalOf('collection_actions@1:cases'),
});
