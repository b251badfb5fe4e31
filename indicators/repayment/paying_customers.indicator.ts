import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description: 'Customers who paid, also those whose payment was taken back.',
  owner: 'portfolio-analytics',
  unit: 'count',
  term: '还款人数',
  formula: 'COUNT(DISTINCT payers)',
  value: totalOf('repayments@1:payers'),
});
