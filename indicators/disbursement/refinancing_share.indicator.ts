import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'disbursement',
  description: 'The share of principal disbursed that pays out an older loan.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '借新还旧占比',
  formula: 'refinanced / amount',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('loans@1:refinanced_amount', 'loans@1:amount'),
});
