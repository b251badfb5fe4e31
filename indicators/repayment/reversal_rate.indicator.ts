import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description: 'Payments taken back over cash received before reversals, each by its own day.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '冲正率',
  formula: 'reversed / gross cash',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('repayments@1:reversed', 'repayments@1:gross_cash'),
});
