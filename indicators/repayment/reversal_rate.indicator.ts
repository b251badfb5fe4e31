import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description: 'Payments taken back over cash received.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '冲正率',
  formula: 'reversed / cash',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('repayments@1:reversed', 'repayments@1:cash'),
});
