import { defineIndicator, ratioOf } from 'riskgraph';

export default defineIndicator({
  domain: 'approval',
  description:
    'Rule hits: evaluations that hit over evaluations; by rule it is the hit rate of each. A rule that was skipped was not evaluated.',
  owner: 'credit-policy',
  unit: 'fraction',
  term: '规则命中率',
  formula: 'hits / evaluated',
  pitfalls: 'A rule that stands behind others sees only what these let through.',
  value: ratioOf('rule_hits@1:hits', 'rule_hits@1:evaluated'),
});
