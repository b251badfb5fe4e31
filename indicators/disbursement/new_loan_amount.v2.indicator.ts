import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'disbursement',
  description: 'New loan amount: the principal of loans disbursed; the same loans as new_loans.',
  owner: 'portfolio-analytics',
  unit: 'CNY',
  term: '放款金额',
  formula: 'SUM(principal)',
  value: totalOf('loans@1:amount'),
});
