import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'overdue',
  description:
    'SPD30: the share of loans disbursed in the period whose second instalment was not fully paid at the end of 30 days after its due date and none before it did. A period is IMMATURE until its last loan has been due for so long; a later cure changes nothing.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '次逾',
  formula: 'loans whose second instalment reached DPD 30 / loans',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('first_payments@2:missed_second_30', 'first_payments@2:due_second_30'),
});
