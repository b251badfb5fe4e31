import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description: 'Principal, interest and fees due by the schedules in force, by the due date.',
  owner: 'portfolio-analytics',
  unit: 'CNY',
  term: '应还金额',
  formula: 'SUM(principal, interest and fees due)',
  pitfalls: 'Days to come are what the schedules of today ask for.',
  value: totalOf('due_instalments@1:amount'),
});
