import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description: 'Cash received: principal, interest, fees and penalties, less reversals and without waivers.',
  owner: 'portfolio-analytics',
  unit: 'CNY',
  term: '回款金额',
  formula: 'SUM(cash)',
  direction: 'HIGHER_IS_BETTER',
  value: totalOf('repayments@1:cash'),
});
