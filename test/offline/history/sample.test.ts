import { expect, it } from 'vitest';
import { scoreViewOf } from '../../../src/core/compute/score-view.js';
import { defineEntity, int32, sql } from '../../../src/core/definitions/define.js';
import type { View } from '../../../src/core/definitions/definitions.js';
import { instantText } from '../../../src/core/definitions/sql.js';
import { HOUR } from '../../../src/core/helpers/time.js';
import { openMigrated } from '../migrated.js';
import { refsOf, viewOf } from '../support.js';

const AS_OF = Date.UTC(2026, 0, 9, 16);
const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'x' });

it('samples scores over an input as its own scheduled run reads it, though that comes later than the scores', async () => {
  const { store, offline, close } = await openMigrated();
  try {
    const columns = ['customer_id', 'registered_at', 'ingested_at'] as const;
    await store.insert('plant', { table: 'customers', columns }, [
      ['C1', instantText(AS_OF - HOUR), instantText(AS_OF + 5 * HOUR)],
    ]);
    const input = viewOf('late', 1, {
      entity: customer,
      schedule: { every: 'day', delay: '6h' },
      features: { one: int32({ description: 'x' }) },
      query: ({ source }) => sql`SELECT customer_id, toInt32(1) AS one FROM ${source('customers')}`,
      sources: ['customers'],
    });
    const model = {
      id: 'risk@1',
      name: 'risk',
      version: 1,
      entity: customer,
      features: refsOf(input),
      scale: { base: 600, odds: 20, pdo: 20 },
      bands: null,
    };
    const scores: View = { ...scoreViewOf(model as never), hash: 'scores' };
    const at = { asOf: AS_OF, knowledge: AS_OF + scores.delayMs };
    expect(scores.delayMs).toBeLessThan(input.delayMs);
    const rows = await offline.sampleRun(scores, at, { rows: 10, seconds: 10 });
    expect(rows.map(({ key }) => key)).toEqual([['C1']]);
  } finally {
    await close();
  }
});
