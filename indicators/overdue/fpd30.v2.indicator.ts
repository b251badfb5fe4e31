import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'overdue',
  description:
    'FPD30: the share of loans disbursed in the period whose first instalment was not fully paid at the end of 30 days after its due date. A period is IMMATURE until its last loan has been due for so long; a later cure changes nothing.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '首逾',
  formula: 'loans whose first instalment reached DPD 30 / loans',
  direction: 'LOWER_IS_BETTER',
  value: ratioOf('first_payments@2:missed_first_30', 'first_payments@2:due_first_30'),
});
