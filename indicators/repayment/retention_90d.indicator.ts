import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description:
    'Retention by heads: customers who settled on a day s and took a loan on one of the days s + 1 to s + 90, over customers who settled; IMMATURE until the last is 90 days past.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '人头留存率',
  formula: 'retained within 90 days / settled',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf('settled_customers@1:retained', 'settled_customers@1:settled'),
});
