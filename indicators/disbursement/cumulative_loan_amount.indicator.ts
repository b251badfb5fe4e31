import { cumulative, defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'disbursement',
  description: 'Principal ever disbursed up to the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'CNY',
  term: '累计放款金额',
  formula: 'SUM(principal of all loans to date)',
  value: totalOf(cumulative('loans@1:amount')),
});
