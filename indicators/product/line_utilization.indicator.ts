import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'product',
  description:
    'Utilization of active credit lines: principal outstanding on them over their limits, at the end of the period.',
  owner: 'portfolio-analytics',
  unit: 'fraction',
  term: '额度使用率',
  formula: 'used / limit',
  pitfalls: 'A ratio of sums and no mean of ratios; frozen and closed lines are in neither.',
  value: ratioOf('credit_line_days@1:used', 'credit_line_days@1:limit'),
});
