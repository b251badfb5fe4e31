import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'product',
  description: 'Credit lines that are active, with a limit above 0, at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'count',
  term: '在用额度数',
  formula: 'COUNT(active lines)',
  value: totalOf('credit_line_days@1:lines'),
});
