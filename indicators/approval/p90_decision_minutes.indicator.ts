import { defineIndicator, totalOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'Time to decision: nine of ten applications were decided within these minutes.',
  owner: 'credit-policy',
  unit: 'minutes',
  term: '审批时长90分位',
  formula: 'P90(decided_at - applied_at)',
  direction: 'LOWER_IS_BETTER',
  value: totalOf('decided_applications@1:p90_minutes'),
});
