import { defineIndicator, spreadOf } from 'riskgraph';

export default defineIndicator({
  domain: 'asset',
  description: 'Concentration: the share of the loan balance in the three largest provinces at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '前三省份余额占比',
  formula: 'SUM(balance of the 3 largest) / balance',
  direction: 'LOWER_IS_BETTER',
  value: spreadOf('loan_days@1:balance', { across: 'province', statistic: { top: 3 } }),
});
