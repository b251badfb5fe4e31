import { defineTable, instant, opt, text } from 'riskgraph';

export default defineTable({
  description: 'A decision of the lender’s decision engine.',
  key: ['decision_id'],
  eventTime: 'decided_at',
  columns: {
    decision_id: text('The id of the decision'),
    application_id: opt(text('The application that was decided')),
    customer_id: text('Whom it is about'),
    scene: text('Where in the life of the credit it was made'),
    strategy: text('The strategy that made it'),
    version: text('The version of the strategy'),
    decided_at: instant('When it was made'),
    outcome: text('What was decided'),
  },
});
