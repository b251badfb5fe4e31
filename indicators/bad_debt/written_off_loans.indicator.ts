import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'bad_debt',
  description: 'Loans written off.',
  owner: 'finance',
  unit: 'count',
  term: '核销笔数',
  formula: 'COUNT(written off)',
  direction: 'LOWER_IS_BETTER',
  value: totalOf('loan_closings@1:written_off_loans'),
});
