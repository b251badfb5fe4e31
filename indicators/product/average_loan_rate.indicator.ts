import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'product',
  description: 'Nominal rate a year of loans disbursed, weighted by principal.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '加权平均利率',
  formula: 'SUM(principal x rate) / SUM(principal)',
  direction: 'HIGHER_IS_BETTER',
  pitfalls: 'It is the rate of the contracts and no yield: losses and late payment are not in it.',
  value: ratioOf('loans@1:amount_by_rate', 'loans@1:amount'),
});
