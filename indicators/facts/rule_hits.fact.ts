import { defineFact, sql } from 'riskgraph';

export default defineFact({
  description:
    'Rules of decisions by the local day of the decision. A rule that was skipped was not evaluated, and is in no rate.',
  owner: 'fraud-risk',
  grain: 'one rule of one decision, on the day of the decision',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
  SELECT toDate(h.decided_at, ${timezone}) AS date, h.rule AS rule, h.action AS action, h.evaluated AS evaluated, h.hit AS hit,
    d.scene AS scene, d.strategy AS strategy, toString(d.version) AS version
  FROM ${source('rule_hits')} AS h LEFT JOIN ${source('decisions')} AS d ON h.decision_id = d.decision_id`,
  dimensions: {
    rule: { expression: 'rule', description: 'The rule' },
    rule_action: { expression: 'action', description: 'What a hit leads to' },
    scene: { expression: 'scene', description: 'The scene of the decision' },
    strategy: { expression: 'strategy', description: 'The strategy' },
    strategy_version: { expression: 'version', description: 'The version of the strategy' },
  },
  measures: {
    evaluated: { expression: 'countIf(evaluated = 1)', description: 'Evaluations of rules', unit: 'count' },
    hits: { expression: 'countIf(evaluated = 1 AND hit = 1)', description: 'Evaluations that hit', unit: 'count' },
  },
});
