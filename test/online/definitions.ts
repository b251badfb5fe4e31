import {
  array,
  defineEntity,
  type FeatureSpec,
  float64,
  int32,
  sql,
  string,
} from '../../src/core/definitions/define.js';
import type { View } from '../../src/core/definitions/definitions.js';
import type { ViewRow } from '../../src/core/ports/offline.js';
import { TABLES } from '../support/tables.js';

export const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A customer' });
export const pair = defineEntity({ name: 'pair', joinKeys: ['customer_id', 'device_id'], description: 'Both' });

export const SOME_FEATURES: Readonly<Record<string, FeatureSpec>> = {
  amount: float64({ description: 'An amount' }),
  label: string({ description: 'A label' }),
  sequence: array(int32(), { description: 'A sequence' }),
};

/** A view as the registry would make it. */
export function testView(
  name: string,
  change: Partial<Omit<View, 'features'>> & { specs?: typeof SOME_FEATURES } = {},
): View {
  const { specs = SOME_FEATURES, ...rest } = change;
  return {
    name,
    version: 1,
    id: `${name}@${rest.version ?? 1}`,
    file: `features/${name}.v1.view.ts`,
    hash: '0'.repeat(64),
    entity: customer,
    description: 'A view',
    owner: 'test',
    tags: [],
    schedule: { every: 'day', delay: '2h' },
    delayMs: 7_200_000,
    deadlineMs: null,
    ttlMs: null,
    maxAgeMs: null,
    sources: [],
    origin: { kind: 'query', tables: TABLES, query: () => sql`SELECT 1` },
    features: Object.entries(specs).map(([feature, spec]) => ({ name: feature, ...spec })),
    ...rest,
  };
}

export const testRow = (change: Partial<ViewRow> = {}): ViewRow => ({
  key: ['C1'],
  eventTime: Date.UTC(2026, 0, 1),
  availableAt: Date.UTC(2026, 0, 1, 2),
  sequence: 1,
  tombstone: false,
  values: [1.5, 'a', [1, 2, 3]],
  ...change,
});

export const silentLog = { debug() {}, info() {}, warn() {}, error() {} };
export const noMetrics = { count() {}, observe() {}, gauge() {} };
