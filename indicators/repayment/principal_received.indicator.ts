import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description: 'Principal received in cash, less reversals.',
  owner: 'portfolio-analytics',
  unit: 'CNY',
  term: '本金回款',
  formula: 'SUM(principal paid)',
  value: totalOf('repayments@1:principal'),
});
