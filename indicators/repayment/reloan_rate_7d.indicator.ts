import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description:
    'Re-loan: customers who took a loan on the day on which they settled, or within seven days after, over customers who settled.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '复借率',
  formula: 'loan within 7 days, same day included / settled',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf('settled_customers@1:reborrowed', 'settled_customers@1:settled_7'),
});
