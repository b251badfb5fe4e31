import { defineIndicator, spreadOf } from 'riskgraph';

export default defineIndicator({
  domain: 'asset',
  description:
    'Concentration of the loan balance over channels: the Herfindahl-Hirschman index, from 1 over the number of channels to 1 for a single one.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '渠道集中度',
  formula: 'SUM(share^2)',
  direction: 'LOWER_IS_BETTER',
  value: spreadOf('loan_days@1:balance', { across: 'channel', statistic: 'HHI' }),
});
