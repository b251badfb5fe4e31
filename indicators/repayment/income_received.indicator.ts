import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description: 'Interest, fees and penalties received in cash, less reversals.',
  owner: 'portfolio-analytics',
  unit: 'CNY',
  term: '利息及费用收入',
  formula: 'SUM(interest + fees + penalties)',
  direction: 'HIGHER_IS_BETTER',
  value: totalOf('repayments@1:income'),
});
