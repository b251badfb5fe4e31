import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'product',
  description:
    'Use of funds: money that left within seven days of the disbursement; by counterparty it says where it went.',
  owner: 'portfolio-analytics',
  unit: 'CNY',
  term: '资金流向金额',
  formula: 'SUM(flows within 7 days)',
  value: totalOf('fund_flows@1:amount'),
});
