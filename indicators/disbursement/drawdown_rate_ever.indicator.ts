import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'disbursement',
  description: 'Customers who drew on their line by now over customers granted a line, by the day of the grant.',
  owner: 'growth',
  unit: 'fraction',
  term: '累计提现率',
  formula: 'customers who drew / customers granted a line',
  direction: 'HIGHER_IS_BETTER',
  pitfalls: 'Drawdowns still come for the newest lines.',
  value: ratioOf('granted_lines@1:drew', 'granted_lines@1:customers'),
});
