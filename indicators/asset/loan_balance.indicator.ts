import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'asset',
  description: 'Loan balance: principal outstanding, due or not, of loans on book at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'CNY',
  term: '贷款余额',
  formula: 'SUM(principal outstanding)',
  value: totalOf('loan_days@1:balance'),
});
