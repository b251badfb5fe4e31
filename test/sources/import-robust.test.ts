import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BusinessCalendar, HOUR, MINUTE } from '../../src/core/helpers/time.js';
import { type Leases, tableResource } from '../../src/core/ports/leases.js';
import type { Log, StoreClock } from '../../src/core/ports/process.js';
import type { SourceStore } from '../../src/core/ports/sources.js';
import { openDatabase } from '../../src/ledgers/data-source.js';
import { createLeases } from '../../src/ledgers/leases.js';
import { importFailure } from '../../src/sources/failures.js';
import { createSourceStore } from '../../src/sources/store.js';
import { raiseFence, tableFence } from '../../src/warehouse/fence.js';
import { bundled } from '../support/bundled.js';
import { quietLog } from '../support/homes.js';
import { leaseOf, unsharedLeases } from '../support/leases.js';
import { freshPostgresDatabase } from '../support/stores.js';
import { TABLES } from '../support/tables.js';
import { customersFile, NOW, openSources, quietMetrics, type Sources } from './support.js';

let sources: Sources;
beforeAll(async () => {
  sources = await openSources();
});
afterAll(() => sources.close());
beforeEach(() => sources.run('TRUNCATE TABLE customers').then(() => undefined));

const ROWS = 20_000;
/** Of 500 rows each: more than three quarters of the file. */
const STATEMENTS = 32;

/** Starts the import in another process and kills it once a number of its rows can be read, or where it waits for that. */
async function importAndKill(atRows: number, fencingToken: number): Promise<void> {
  const program = await bundled(new URL('./import-process.ts', import.meta.url));
  const args = [sources.url, ...[ROWS, fencingToken, STATEMENTS].map(String)];
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let ended = false;
  const began = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void exited.then(() => {
    ended = true;
  });
  await Promise.race([began, exited]);
  while (!ended && (await state()).rows < atRows) await sleep(5);
  expect(ended, 'it is killed, and does not end of itself').toBe(false);
  child.kill('SIGKILL');
  await exited;
}

const state = async () => {
  const [row] = await sources.rows<{ rows: string; keys: string }>(
    'SELECT count() AS rows, uniqExact(customer_id) AS keys FROM customers',
  );
  return { rows: Number(row?.rows), keys: Number(row?.keys) };
};

const storeWith = (leases: Leases, log: Log = quietLog, storeClock?: StoreClock): SourceStore =>
  createSourceStore({
    tables: TABLES,
    ...(storeClock && { storeClock }),
    clickhouse: sources.clickhouse,
    userSql: sources.userSql,
    calendar: new BusinessCalendar('Asia/Shanghai'),
    datum: 'WGS84',
    log,
    metrics: quietMetrics,
    tempDir: sources.tempDir,
    leases,
  });

/** Its first import has this fencing token. */
const storeWithToken = (fencingToken: number) => storeWith(unsharedLeases(fencingToken));

describe('an import whose process is killed', () => {
  it('is completed exactly once by the same import', async () => {
    let token = 0;
    for (const atRows of [0, 1, 6_000, 14_000]) {
      await sources.run('TRUNCATE TABLE customers');
      await importAndKill(atRows, ++token);
      // A statement that was on its way still ends in the store; after this none of it is to come.
      const { signal } = new AbortController();
      const fence = tableFence(leaseOf(tableResource('customers'), ++token));
      await raiseFence(sources.clickhouse, fence, { signal });
      const before = await state();
      expect(before.rows, 'nothing twice').toBe(before.keys);
      expect(before.rows).toBeGreaterThanOrEqual(atRows);
      expect(before.rows, 'it was killed in the middle').toBeLessThan(ROWS);
      const result = await storeWithToken(token).import({
        table: 'customers',
        format: 'csv',
        body: customersFile(ROWS),
        history: false,
        clock: Date.now,
        requestId: 'again',
      });
      // By who stored them: what the killed process stored is a duplicate to the next, to the row.
      const stored = await sources.rows<{ rows: string }>(
        'SELECT count() AS rows FROM customers GROUP BY seq ORDER BY seq',
      );
      const [own = 0, killed = 0] = stored.map(({ rows }) => Number(rows)).reverse();
      expect(result).toMatchObject({ accepted: own, duplicates: killed, rejected: 0 });
      expect(stored.length).toBe(killed > 0 ? 2 : 1);
      expect(killed).toBeGreaterThanOrEqual(before.rows);
      expect(await state()).toEqual({ rows: ROWS, keys: ROWS });
    }
  }, 600_000);
});

describe('the memory of an import', () => {
  it('does not grow with the file', async () => {
    const load = (rows: number) =>
      sources.store.import({
        table: 'customers',
        format: 'csv',
        body: customersFile(rows, 2000),
        history: false,
        clock: () => NOW,
        requestId: 'large',
      });
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 20);
    // What the runtime keeps for itself is there after a first import.
    await load(30_000);
    const settled = peak;
    // 240 MB, which is the least that it takes to keep the file; what is garbage for a while is up to the runtime.
    expect(await load(120_000)).toMatchObject({ accepted: 90_000, duplicates: 30_000 });
    clearInterval(timer);
    expect(peak - settled).toBeLessThan(200 * 2 ** 20);
  }, 600_000);
});

describe('two processes that import the same rows at once', () => {
  it('store each version once', async () => {
    const postgres = await freshPostgresDatabase();
    // Each process has its own connections to the one Postgres, and a queue of its own.
    const databases = await Promise.all([1, 2].map(() => openDatabase({ url: postgres.url, log: quietLog })));
    const stores = databases.map(({ dataSource }) => storeWith(createLeases(dataSource)));
    const rows = 3_000;
    for (let round = 0; round < 3; round++) {
      await sources.run('TRUNCATE TABLE customers');
      const results = await Promise.all(
        stores.map((store) =>
          store.import({
            table: 'customers',
            format: 'csv',
            body: customersFile(rows),
            history: false,
            clock: () => NOW + round,
            requestId: 'both',
          }),
        ),
      );
      expect(results.map(({ accepted }) => accepted).sort()).toEqual([0, rows]);
      expect(await state()).toEqual({ rows, keys: rows });
    }
    await Promise.all(databases.map((database) => database.close()));
    await postgres.close();
  });
});

/** Bodies that wait for their end, as those of slow clients do. */
function slowBody(lines: readonly string[]) {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(lines.map((line) => `${line}\n`).join(''));
    await released;
  }
  return { body: body(), release };
}

describe('importers with clocks of their own and clients that stall', () => {
  const CITIES = ['Wuhan', 'Hefei', 'Jinan'] as const;
  const upload = fc.record({
    /** Which city each of three customers moves to; null where the file has no row of it. */
    cities: fc.tuple(...[0, 1, 2].map(() => fc.option(fc.constantFrom(...CITIES)))),
    importer: fc.nat(1),
    /** How wrong the clock is, in minutes, from the start of this upload on. */
    clockOff: fc.integer({ min: -90, max: 90 }),
    /** Whether the file is complete before the next one is sent. */
    stalls: fc.boolean(),
  });

  it('store each version once, and what was acknowledged last is in force', async () => {
    const postgres = await freshPostgresDatabase();
    const databases = await Promise.all([1, 2].map(() => openDatabase({ url: postgres.url, log: quietLog })));
    const stores = databases.map(({ dataSource }) => storeWith(createLeases(dataSource)));
    await fc.assert(
      fc.asyncProperty(fc.array(upload, { minLength: 2, maxLength: 5 }), async (uploads) => {
        await Promise.all(['customers', 'source_clock'].map((table) => sources.run(`TRUNCATE TABLE ${table}`)));
        const stalled: (() => Promise<void>)[] = [];
        const inForce = new Map<string, string>();
        let versions = 0;
        let accepted = 0;
        for (const [index, { cities, importer, clockOff, stalls }] of uploads.entries()) {
          const lines = cities.flatMap((city, at) => (city === null ? [] : [`C${at},2024-01-01T00:00:00Z,${city}`]));
          if (lines.length === 0) continue;
          const { body, release } = slowBody(['customer_id,registered_at,city', ...lines]);
          const result = (stores[importer] as SourceStore).import({
            table: 'customers',
            format: 'csv',
            body,
            history: false,
            clock: () => NOW + index * 1000 + clockOff * MINUTE,
            requestId: `upload ${index}`,
          });
          const finish = async () => {
            release();
            accepted += (await result).accepted;
            for (const [at, city] of cities.entries()) {
              if (city === null || inForce.get(`C${at}`) === city) continue;
              inForce.set(`C${at}`, city);
              versions++;
            }
          };
          if (stalls) stalled.push(finish);
          else await finish();
        }
        for (const finish of stalled) await finish();
        expect(accepted).toBe(versions);
        const rows = await sources.rows<{ id: string; city: string; versions: string }>(
          `SELECT customer_id AS id, argMax(city, (ingested_at, seq)) AS city, count() AS versions
           FROM customers GROUP BY id`,
        );
        expect(new Map(rows.map(({ id, city }) => [id, city]))).toEqual(inForce);
        expect(rows.reduce((sum, row) => sum + Number(row.versions), 0)).toBe(versions);
      }),
      { numRuns: 10 },
    );
    await Promise.all(databases.map((database) => database.close()));
    await postgres.close();
  });

  it('a row is known from when it is written, not from when its upload began', async () => {
    await sources.run('TRUNCATE TABLE source_clock');
    let now = NOW;
    const { body, release } = slowBody(['customer_id,registered_at,city', 'C1,2024-01-01T00:00:00Z,Wuhan']);
    const result = sources.store.import({
      table: 'customers',
      format: 'csv',
      body,
      history: false,
      clock: () => now,
      requestId: 'slow',
    });
    now += 30 * MINUTE;
    release();
    expect(await result).toMatchObject({ accepted: 1 });
    expect(await sources.rows('SELECT toUnixTimestamp64Milli(ingested_at) AS known FROM customers')).toEqual([
      { known: String(NOW + 30 * MINUTE) },
    ]);
  });

  it('a row is known by the clock of the stores: one process whose clock is ahead pushes no other', async () => {
    await sources.run('TRUNCATE TABLE customers');
    await sources.run('TRUNCATE TABLE source_clock');
    let stores = NOW;
    const send = (city: string, at: number) =>
      storeWith(unsharedLeases(), quietLog, async () => stores).import({
        table: 'customers',
        format: 'csv',
        body: Readable.from([Buffer.from(`customer_id,registered_at,city\nC1,2024-01-01T00:00:00Z,${city}\n`)]),
        history: false,
        clock: () => at,
        requestId: 'ahead',
      });
    await send('Wuhan', NOW + HOUR);
    stores += MINUTE;
    await send('Hefei', NOW + MINUTE);
    const known = 'SELECT city, toUnixTimestamp64Milli(ingested_at) AS known FROM customers ORDER BY known';
    expect(await sources.rows(known)).toEqual([
      { city: 'Wuhan', known: String(NOW) },
      { city: 'Hefei', known: String(NOW + MINUTE) },
    ]);
  });

  it('a clock that was set back is said, and the correction is in force from the newest import on', async () => {
    await sources.run('TRUNCATE TABLE source_clock');
    const warned: object[] = [];
    const store = storeWith(unsharedLeases(), { ...quietLog, warn: (fields) => void warned.push(fields) });
    const send = (city: string, at: number) =>
      store.import({
        table: 'customers',
        format: 'csv',
        body: Readable.from([Buffer.from(`customer_id,registered_at,city\nC1,2024-01-01T00:00:00Z,${city}\n`)]),
        history: false,
        clock: () => at,
        requestId: 'clock',
      });
    await send('Wuhan', NOW);
    expect(warned).toEqual([]);
    expect(await send('Hefei', NOW - HOUR)).toMatchObject({ accepted: 1 });
    expect(warned).toMatchObject([{ table: 'customers', behindMs: HOUR }]);
    expect(await sources.rows('SELECT argMax(city, (ingested_at, seq)) AS city FROM customers')).toEqual([
      { city: 'Hefei' },
    ]);
  });
});

describe('imports into many tables at once', () => {
  it('leave the process connections: four of them hold a table at a time, and all are taken', async () => {
    let holding = 0;
    let most = 0;
    let full: () => void = () => undefined;
    const four = new Promise<void>((resolve) => {
      full = resolve;
    });
    const store = storeWith({
      hold: async (resource, signal, body) => {
        most = Math.max(most, ++holding);
        if (most === 4) full();
        // Were fewer let in at once, the first would wait here for ever; a fifth would have the time to come in.
        await four;
        await sleep(100);
        try {
          if (resource.name === 'labels') throw new Error('no lease');
          return await unsharedLeases().hold(resource, signal, body);
        } finally {
          holding--;
        }
      },
    });
    const tables = ['customers', 'applications', 'labels', 'loans', 'repayments', 'events', 'statements', 'places'];
    const outcomes = await Promise.allSettled(
      tables.map((table) =>
        store.import({
          table,
          format: 'ndjson',
          body: Readable.from([Buffer.from('{}\n')]),
          history: false,
          clock: () => NOW,
          requestId: 'many',
        }),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(
      tables.map((table) => (table === 'labels' ? 'rejected' : 'fulfilled')),
    );
    expect(most).toBe(4);
  });
});

describe('a store that dies during an import', () => {
  it('is told as away, so that a job that imports is tried again; a sender that breaks off is not the store', () => {
    const broken = (message: string) => Object.assign(new Error(message), { code: 'ECONNRESET' });
    expect(importFailure(broken('socket hang up'), 'scores')).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(importFailure(broken('aborted'), 'scores')).toMatchObject({ code: 'INTERNAL' });
  });
});
