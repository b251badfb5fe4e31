import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'collection',
  description: 'Cash received by collections.',
  owner: 'collections',
  unit: 'CNY',
  term: '催回金额',
  formula: 'SUM(cash by collections)',
  direction: 'HIGHER_IS_BETTER',
  value: totalOf('repayments@1:collected'),
});
