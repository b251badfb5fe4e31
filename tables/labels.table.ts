import { defineTable, float, instant, oneOf, opt, text } from 'riskgraph';

export default defineTable({
  description:
    'An outcome that a model learns: observed from a point on, known later. Imported, or computed from a definition of labels/.',
  key: ['entity', 'entity_id', 'name', 'observed_at'],
  eventTime: 'observed_at',
  knownAt: 'known_at',
  derivationRuns: 'label_runs',
  columns: {
    entity: text('The registered entity: customer, loan, application …'),
    entity_id: text('The key of the entity'),
    name: text('The name of the label; of one that is computed `name@version`', {
      reserved: {
        text: '@',
        for: 'labels that the job compute_labels computes: give an imported label a name without it',
      },
    }),
    observed_at: instant('The observation point'),
    window_from: instant('The start of the outcome window'),
    window_to: instant('The end of the outcome window'),
    known_at: instant('Since when the outcome is known; no training set reads it earlier'),
    value: float('The outcome: 1 or 0, or a number; of no meaning where `outcome` says that there is none'),
    outcome: opt(
      oneOf(
        'NULL where the value is the outcome; else why there is none: neither good nor bad, or no part of the population',
        ['INDETERMINATE', 'EXCLUDED'],
      ),
    ),
    reason: opt(text('What makes it indeterminate or excluded, in the words of the definition')),
  },
});
