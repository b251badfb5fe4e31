import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'disbursement',
  description:
    'New loans: the number of loans disbursed. Every drawdown is a loan; a loan that pays out an older one (refinancing) counts as well.',
  owner: 'portfolio-analytics',
  unit: 'count',
  term: '放款笔数',
  formula: 'COUNT(loans)',
  value: totalOf('loans@1:loans'),
});
