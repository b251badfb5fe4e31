import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'overdue',
  description: 'Overdue principal: principal that was due before the day and is unpaid, at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'CNY',
  term: '逾期本金（期次口径）',
  formula: 'SUM(principal due and unpaid)',
  direction: 'LOWER_IS_BETTER',
  pitfalls:
    'It is no overdue_balance: the principal that is not yet due is not in it, and on long tenors the two differ tenfold.',
  value: totalOf('loan_days@1:overdue_principal'),
});
