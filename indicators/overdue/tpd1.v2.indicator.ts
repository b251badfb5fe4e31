import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'overdue',
  description:
    'TPD1: the share of loans disbursed in the period whose third instalment was not fully paid at the end of 1 day after its due date and none before it did. A period is IMMATURE until its last loan has been due for so long; a later cure changes nothing.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '三逾',
  formula: 'loans whose third instalment reached DPD 1 / loans',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('first_payments@2:missed_third_1', 'first_payments@2:due_third_1'),
});
