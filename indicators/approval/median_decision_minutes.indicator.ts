import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'Time to decision: the median of the minutes from application to decision.',
  owner: 'credit-policy',
  unit: 'minutes',
  term: '审批时长中位数',
  formula: 'MEDIAN(decided_at - applied_at)',
  direction: 'LOWER_IS_BETTER',
  value: totalOf('decided_applications@1:median_minutes'),
});
