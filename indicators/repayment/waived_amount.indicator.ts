import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description: 'Amount waived: what is due is satisfied, and no cash comes.',
  owner: 'portfolio-analytics',
  unit: 'CNY',
  term: '减免金额',
  formula: 'SUM(waived)',
  direction: 'LOWER_IS_BETTER',
  value: totalOf('repayments@1:waived'),
});
