import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description: 'Approval rate of a cohort: of the applications made in the period and decided by now, those approved.',
  owner: 'credit-policy',
  unit: 'fraction',
  term: '申请口径批核率',
  formula: 'approved / decided, by the day of the application',
  value: ratioOf('applications@1:approved', 'applications@1:decided'),
});
