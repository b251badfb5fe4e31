import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'disbursement',
  description:
    'Principal drawn within 30 days of the grant over limits granted; IMMATURE until the last line of the period is 30 days old.',
  owner: 'growth',
  unit: 'fraction',
  term: '金额提现率',
  formula: 'drawn within 30 days / granted',
  direction: 'HIGHER_IS_BETTER',
  pitfalls: 'What is repaid and drawn again counts twice, so it can be above 1.',
  value: ratioOf('granted_lines@1:drawn_30', 'granted_lines@1:granted'),
});
