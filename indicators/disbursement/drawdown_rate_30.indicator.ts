import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'disbursement',
  description:
    'Drawdown: customers who drew within 30 days of the grant over customers granted a line, by the day of the grant; IMMATURE until the last line of the period is 30 days old.',
  owner: 'growth',
  unit: 'fraction',
  term: '提现率',
  formula: 'customers who drew within 30 days / customers granted a line',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf('granted_lines@1:drew_30', 'granted_lines@1:customers'),
});
