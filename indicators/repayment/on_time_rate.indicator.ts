import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'repayment',
  description:
    'Instalments paid by the end of their due date over instalments due, by the due date; IMMATURE until the last due date of the period is over.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '按时还款率',
  formula: 'paid by the due date / due',
  direction: 'HIGHER_IS_BETTER',
  pitfalls: 'A waiver pays. Instalments due after a loan closed are in neither.',
  value: ratioOf('due_instalments@1:on_time', 'due_instalments@1:instalments'),
});
