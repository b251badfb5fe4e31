import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'bad_debt',
  description:
    'Non-performing loans: principal outstanding of substandard, doubtful and loss, at the end of the period.',
  owner: 'finance',
  unit: 'CNY',
  term: '不良贷款余额',
  formula: 'SUM(balance of the three lower classes)',
  direction: 'LOWER_IS_BETTER',
  value: totalOf('loan_days@1:npl_balance'),
});
