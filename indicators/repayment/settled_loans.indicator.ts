import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description: 'Loans settled.',
  owner: 'portfolio-analytics',
  unit: 'count',
  term: '结清笔数',
  formula: 'COUNT(settled)',
  value: totalOf('loan_closings@1:settled_loans'),
});
