import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'bad_debt',
  description: 'Proceeds of loans sold.',
  owner: 'finance',
  unit: 'CNY',
  term: '资产转让收入',
  formula: 'SUM(proceeds)',
  value: totalOf('loan_events@1:sale_proceeds'),
});
