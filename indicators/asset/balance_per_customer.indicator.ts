import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'asset',
  description: 'Loan balance a customer on book at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'CNY',
  term: '户均余额',
  formula: 'balance / customers on book',
  value: ratioOf('loan_days@1:balance', 'loan_days@1:customers'),
});
