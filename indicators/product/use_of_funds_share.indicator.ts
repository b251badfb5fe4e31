import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'product',
  description: 'Use of funds: the share of principal disbursed that left within seven days.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '资金转出率',
  formula: 'flows within 7 days / disbursed',
  value: ratioOf('fund_flows@1:amount', 'loans@1:amount'),
});
