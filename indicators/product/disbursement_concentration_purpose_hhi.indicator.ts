import { defineIndicator, spreadOf } from 'riskgraph';

export default defineIndicator({
  domain: 'product',
  description: 'Concentration of principal disbursed over purposes: the Herfindahl-Hirschman index.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '用途集中度',
  formula: 'SUM(share^2)',
  direction: 'LOWER_IS_BETTER',
  value: spreadOf('loans@1:amount', { across: 'purpose', statistic: 'HHI' }),
});
