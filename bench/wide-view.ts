import { defineEntity, defineFeatureView, float64, raw } from '../src/core/definitions/define.js';
import type { View } from '../src/core/definitions/definitions.js';
import { TABLES } from '../test/support/tables.js';

const FEATURES = Array.from({ length: 20 }, (_, index) => `f${index}`);

/** A daily view of 20 numbers whose query costs next to nothing: what is left is the cost of a run itself. */
export function wideView(name: string, keys: number): View {
  const definition = defineFeatureView({
    entity: defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A customer' }),
    description: name,
    owner: 'bench',
    schedule: { every: 'day', delay: '2h' },
    features: Object.fromEntries(FEATURES.map((feature) => [feature, float64({ description: 'A number' })])),
    query: () =>
      raw(`SELECT concat('C', toString(number)) AS customer_id,
        ${FEATURES.map((feature, index) => `sqrt(number + ${index}) AS ${feature}`).join(', ')} FROM numbers(${keys})`),
  });
  const { query, ...rest } = definition;
  return {
    ...rest,
    name,
    version: 1,
    id: `${name}@1`,
    file: `features/${name}.v1.view.ts`,
    hash: name,
    tags: [],
    sources: [],
    deadlineMs: null,
    features: FEATURES.map((feature) => ({ name: feature, type: 'FLOAT64', description: 'A number' })),
    origin: { kind: 'query', tables: TABLES, query },
    delayMs: 7_200_000,
    ttlMs: null,
    maxAgeMs: null,
  };
}
