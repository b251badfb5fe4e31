import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'asset',
  description: 'Loans on book at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'count',
  term: '在贷笔数',
  formula: 'COUNT(loans on book)',
  value: totalOf('loan_days@1:loans'),
});
