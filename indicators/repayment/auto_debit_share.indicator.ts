import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description: 'The share of cash received that came by automatic debit, before reversals.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '代扣占比',
  formula: 'auto-debited / gross cash',
  direction: 'HIGHER_IS_BETTER',
  value: ratioOf('repayments@1:auto_debited', 'repayments@1:gross_cash'),
});
