import { defineTable, float, instant, text } from 'riskgraph';

export default defineTable({
  description: 'An outcome that a model learns: observed from a point on, known later.',
  key: ['entity', 'entity_id', 'name', 'observed_at'],
  eventTime: 'observed_at',
  knownAt: 'known_at',
  columns: {
    entity: text('The registered entity: customer, loan, application …'),
    entity_id: text('The key of the entity'),
    name: text('The name of the label'),
    observed_at: instant('The observation point'),
    window_from: instant('The start of the outcome window'),
    window_to: instant('The end of the outcome window'),
    known_at: instant('Since when the outcome is known; no training set reads it earlier'),
    value: float('The outcome: 1 or 0, or a number'),
  },
});
