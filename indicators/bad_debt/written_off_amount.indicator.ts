import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'bad_debt',
  description: 'Principal charged off.',
  owner: 'finance',
  unit: 'CNY',
  term: '核销金额',
  formula: 'SUM(principal charged off)',
  direction: 'LOWER_IS_BETTER',
  value: totalOf('loan_closings@1:written_off_amount'),
});
