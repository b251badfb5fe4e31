import { defineIndicator, spreadOf } from 'riskgraph';

export default defineIndicator({
  domain: 'asset',
  description: 'Inequality of the loan balance over provinces: the Gini coefficient, 0 where all have the same.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '省份余额基尼系数',
  formula: '(2 SUM(i x_i) - (n + 1) SUM(x)) / (n SUM(x))',
  direction: 'LOWER_IS_BETTER',
  value: spreadOf('loan_days@1:balance', { across: 'province', statistic: 'GINI' }),
});
