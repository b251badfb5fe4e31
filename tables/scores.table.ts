import { defineTable, float, instant, opt, probability, text } from 'riskgraph';

export default defineTable({
  description:
    'A score of an entity: those of an incumbent model are imported, the platform’s own are written by `scorePortfolio`.',
  key: ['model', 'entity', 'entity_id', 'scored_at'],
  eventTime: 'scored_at',
  columns: {
    model: text('The model, as name@version'),
    entity: text('The registered entity'),
    entity_id: text('The key of the entity'),
    scored_at: instant('When it was scored'),
    points: opt(float('The score in points')),
    probability: opt(probability('The probability')),
    band: opt(text('The band')),
  },
});
