import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forkBundled } from '../support/bundled.js';
import { type FreshStores, startStores } from '../support/stores.js';

let stores: FreshStores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores?.close());

const ROWS = 200_000;

describe('materialize', () => {
  it('needs memory for a batch, not for a view', async () => {
    const urls = { postgres: stores.postgresUrl, redis: stores.redisUrl, clickhouse: stores.clickhouseUrl };
    const child = await forkBundled(
      new URL('./memory-process.ts', import.meta.url),
      [JSON.stringify(urls), String(ROWS)],
      // What all rows take would not fit this heap beside the program.
      ['--max-old-space-size=96'],
    );
    const [said] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown];
    expect(said).toMatchObject({ result: { views: [{ rows: ROWS, changed: ROWS, published: ROWS }] } });
    expect((said as { peakMegabytes: number }).peakMegabytes).toBeLessThan(512);
  }, 400_000);
});
