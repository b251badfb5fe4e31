import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'bad_debt',
  description: 'Recoveries: cash received after the loan was written off.',
  owner: 'finance',
  unit: 'CNY',
  term: '核销后回收金额',
  formula: 'SUM(cash after write-off)',
  direction: 'HIGHER_IS_BETTER',
  value: totalOf('repayments@1:recovered'),
});
