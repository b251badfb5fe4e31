import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'bad_debt',
  description: 'Principal outstanding of loans sold, by the day of the sale.',
  owner: 'finance',
  unit: 'CNY',
  term: '转让本金',
  formula: 'SUM(balance of loans sold)',
  pitfalls: 'Not the price: sale_proceeds is what the buyer pays.',
  value: totalOf('loan_closings@1:sold_amount'),
});
