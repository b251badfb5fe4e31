import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'product',
  description: 'Limits of active credit lines at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'CNY',
  term: '授信余额',
  formula: 'SUM(limits of active lines)',
  value: totalOf('credit_line_days@1:limit'),
});
