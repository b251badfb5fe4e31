import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'product',
  description: 'Agreed term of loans disbursed in months, weighted by principal.',
  owner: 'portfolio-analytics',
  unit: 'months',
  term: '加权平均期限',
  formula: 'SUM(principal x months) / SUM(principal)',
  value: ratioOf('loans@1:amount_by_months', 'loans@1:amount'),
});
