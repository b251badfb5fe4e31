import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description: 'Cash received in the period, without waivers, over what falls due in it.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '实还率',
  formula: 'cash / due',
  direction: 'HIGHER_IS_BETTER',
  pitfalls: 'Arrears and early payments are in the cash and not in what is due, so it can be above 1.',
  value: ratioOf('repayments@1:cash', 'due_instalments@1:amount'),
});
