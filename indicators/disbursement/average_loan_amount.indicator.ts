import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'disbursement',
  description: 'Principal a loan disbursed.',
  owner: 'portfolio-analytics',
  unit: 'CNY',
  term: '件均金额',
  formula: 'amount / loans',
  value: ratioOf('loans@1:amount', 'loans@1:loans'),
});
