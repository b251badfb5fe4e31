import { defineTable, flag, instant, opt, text } from 'riskgraph';

export default defineTable({
  description: 'A rule that a decision evaluated.',
  key: ['decision_id', 'rule'],
  eventTime: 'decided_at',
  columns: {
    decision_id: text('The decision'),
    rule: text('The rule'),
    decided_at: instant('When the decision was made'),
    evaluated: flag('1 where the rule was evaluated'),
    hit: flag('1 where it fired'),
    action: opt(text('What the rule asked for')),
  },
});
