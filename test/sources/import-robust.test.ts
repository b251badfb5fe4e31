import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { customersFile, NOW, openSources, type Sources } from './support.js';

let sources: Sources;
beforeAll(async () => {
  sources = await openSources();
});
afterAll(() => sources.close());
beforeEach(() => sources.client.command({ query: 'TRUNCATE TABLE customers' }).then(() => undefined));

const ROWS = 20_000;

/** Starts the import in another process and kills it so long after its first words; whether it had ended before. */
async function importAndKill(afterMs: number): Promise<boolean> {
  const script = fileURLToPath(new URL('./import-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, sources.url, String(ROWS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  const began = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk;
      resolve();
    });
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await Promise.race([began, exited]);
  await Promise.race([sleep(afterMs), exited]);
  child.kill('SIGKILL');
  await exited;
  return said.includes('ended');
}

const state = async () => {
  const [row] = await sources.rows<{ rows: string; keys: string }>(
    'SELECT count() AS rows, uniqExact(customer_id) AS keys FROM customers',
  );
  return { rows: Number(row?.rows), keys: Number(row?.keys) };
};

describe('an import whose process is killed', () => {
  it('is completed exactly once by the same import', async () => {
    const found: number[] = [];
    for (const afterMs of [60, 400, 800, 1300, 1900, 2600]) {
      await sources.client.command({ query: 'TRUNCATE TABLE customers' });
      const ended = await importAndKill(afterMs);
      // A statement that was on its way still ends in the store.
      await sleep(500);
      const before = await state();
      found.push(before.rows);
      expect(before.rows, 'nothing twice').toBe(before.keys);
      if (ended) expect(before.rows).toBe(ROWS);
      const result = await sources.store.import({
        table: 'customers',
        format: 'csv',
        body: customersFile(ROWS),
        history: false,
        now: Date.now(),
        requestId: 'again',
      });
      expect(result).toMatchObject({ accepted: ROWS - before.rows, duplicates: before.rows, rejected: 0 });
      expect(await state()).toEqual({ rows: ROWS, keys: ROWS });
    }
    console.log(found);
  }, 240_000);
});

describe('the memory of an import', () => {
  it('does not grow with the file', async () => {
    const load = (rows: number) =>
      sources.store.import({
        table: 'customers',
        format: 'csv',
        body: customersFile(rows, 2000),
        history: false,
        now: NOW,
        requestId: 'large',
      });
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 20);
    // What the runtime keeps for itself is there after a first import.
    await load(30_000);
    const settled = peak;
    // 240 MB, of which a process may not even keep half.
    expect(await load(120_000)).toMatchObject({ accepted: 90_000, duplicates: 30_000 });
    clearInterval(timer);
    expect(peak - settled).toBeLessThan(120 * 2 ** 20);
  }, 240_000);
});
