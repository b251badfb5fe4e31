import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'bad_debt',
  description: 'Principal charged off less the cash received after write-offs.',
  owner: 'finance',
  unit: 'CNY',
  term: '净核销金额',
  formula: 'charged off - recovered',
  direction: 'LOWER_IS_BETTER',
  value: totalOf('loan_returns@1:net_charge_off'),
});
