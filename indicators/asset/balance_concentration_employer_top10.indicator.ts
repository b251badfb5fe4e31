import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'asset',
  description:
    'Share of the principal outstanding of loans with an employer that lies with the ten largest employers, at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '雇主集中度',
  formula: 'balance of the 10 largest / balance',
  direction: 'LOWER_IS_BETTER',
  pitfalls: 'Loans of customers without an employer are in neither.',
  value: ratioOf('employer_balances@1:top10_balance', 'employer_balances@1:balance'),
});
