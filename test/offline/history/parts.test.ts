import { afterAll, beforeAll, expect, it } from 'vitest';
import { defineEntity, int32, raw } from '../../../src/core/definitions/define.js';
import type { View } from '../../../src/core/definitions/definitions.js';
import { collect, type OfflineFixture, openOffline, viewOf } from '../support.js';

const AS_OF = Date.UTC(2026, 0, 1, 16);
const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A customer' });
/** Customers from `from` on; the n of one is its number. */
const numbers = (name: string, from: number, count: number): View =>
  viewOf(name, 1, {
    entity: customer,
    features: { n: int32({ description: 'Its number' }) },
    query: () =>
      raw(`SELECT concat('C', toString(number)) AS customer_id, toInt32(number) AS n FROM numbers(${from}, ${count})`),
  });

let fixture: OfflineFixture;
beforeAll(async () => {
  fixture = await openOffline();
});
afterAll(() => fixture?.close());

async function publish(view: View, id: number): Promise<void> {
  const { writers, writes } = fixture;
  await writers.createView(view);
  const run = { id, view, asOf: AS_OF, knowledge: AS_OF + view.delayMs };
  await writes.stageRun(run);
  await writes.commitRuns(view, [{ run, availableAt: run.knowledge }]);
}

const keyOf = (index: number): string => `C${index}`;

it('reads every key of several views once, all rows of a key in one part, none of them large', async () => {
  const [large, small] = [numbers('large', 0, 90_000), numbers('small', 80_000, 15_000)];
  await publish(large, 1);
  await publish(small, 2);
  const at = AS_OF + large.delayMs;
  const seen = { large: new Set<string>(), small: new Set<string>() };
  const partOf = new Map<string, number>();
  let parts = 0;
  for await (const part of fixture.offline.inForceByParts([large, small], at)) {
    expect(part.index).toBe(parts++);
    for (const [name, view] of Object.entries({ large, small }) as ['large' | 'small', View][]) {
      const rows = await collect(part.rows(view));
      expect(rows.length).toBeLessThan(40_000);
      for (const { key, values } of rows) {
        const [id] = key as [string];
        expect(seen[name].has(id)).toBe(false);
        seen[name].add(id);
        if (id !== keyOf(Number(values[0])) || (partOf.get(id) ?? part.index) !== part.index)
          throw new Error(`${id} is not whole in part ${part.index}`);
        partOf.set(id, part.index);
      }
    }
  }
  expect(parts).toBeGreaterThan(3);
  expect([seen.large.size, seen.small.size, partOf.size]).toEqual([90_000, 15_000, 95_000]);
});

it('reads no part where nothing was in force yet', async () => {
  const view = numbers('later', 0, 10);
  await publish(view, 3);
  for await (const part of fixture.offline.inForceByParts([view], AS_OF + view.delayMs - 1)) {
    throw new Error(`part ${part.index} of ${part.of}`);
  }
});
