import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'asset',
  description:
    'Concentration of the principal outstanding over employers, at the end of the period: the sum of squared shares, 1 where one has all.',
  owner: 'portfolio-analytics',
  unit: 'index',
  term: '雇主集中度 HHI',
  formula: 'SUM(share of an employer squared)',
  direction: 'LOWER_IS_BETTER',
  pitfalls: 'Loans of customers without an employer are in neither.',
  value: ratioOf('employer_balances@1:squares', 'employer_balances@1:square'),
});
