/**
 * Builds a training set over the embedded stores, from spine SQL, with three views of ten numbers and a label, and beside it what it cannot do
 * without: one plain ASOF JOIN of the same rows, a copy of its rows, and the same file written from that copy. Says the peak memory of every process.
 * `node --import ./bin/typescript.js bench/training-set.ts [spine rows] [keys] [format]`, 200,000, 100,000 and PARQUET by default; each key has three rows a view.
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Mask } from '../src/core/compute/masking.js';
import { defineEntity } from '../src/core/definitions/define.js';
import type { View } from '../src/core/definitions/definitions.js';
import type { Registry } from '../src/core/definitions/registry.js';
import { raw } from '../src/core/definitions/sql.js';
import { BusinessCalendar, DAY } from '../src/core/helpers/time.js';
import type { JobRecord } from '../src/core/ports/jobs.js';
import type { Metrics } from '../src/core/ports/process.js';
import type { ExportFormat } from '../src/core/ports/training-sets.js';
import { startEmbedded } from '../src/embedded/index.js';
import { openDatabase } from '../src/ledgers/data-source.js';
import { createDefinitionLedger } from '../src/ledgers/definition-ledger.js';
import { createTrainingSetLedger } from '../src/ledgers/training-set-ledger.js';
import { createOfflineReader } from '../src/offline/reader.js';
import { createTrainingSetBuilder } from '../src/offline/training/builder.js';
import { exportFile } from '../src/offline/training/export.js';
import { createOfflineWriters } from '../src/offline/writer.js';
import { createTrainingSets } from '../src/serving/training-sets.js';
import { openClickHouse } from '../src/warehouse/client.js';
import { migrateClickHouse } from '../src/warehouse/migrate.js';
import { createUserSql, type UserSql } from '../src/warehouse/user-sql.js';
import { TABLES } from '../test/support/tables.js';
import { wideView } from './wide-view.js';

const [rows = 200_000, keys = 100_000] = process.argv.slice(2, 4).map(Number);
const format = (process.argv[4] ?? 'PARQUET') as ExportFormat;
const FEATURES = 10;
const FIRST = Date.UTC(2026, 0, 1);
const AS_OF = FIRST + 200 * DAY;

const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: console.warn, error: console.error };
const took = new Map<string, number>();
const metrics: Metrics = {
  count: quiet,
  gauge: quiet,
  observe: (name: string, seconds: number, { label = '' }: Readonly<Record<string, string>> = {}) => {
    if (name === 'clickhouse_query_seconds') took.set(label, (took.get(label) ?? 0) + seconds);
  },
};

const home = join(tmpdir(), `riskgraph-bench-${randomUUID()}`);
const stores = await startEmbedded({ home, need: { postgres: true, redis: true, clickhouse: true }, log });
const database = await openDatabase({ url: stores.urls.postgresUrl as string, log });
const store = openClickHouse({
  url: stores.urls.clickhouseUrl as string,
  database: 'riskgraph',
  log,
  metrics,
  limitSeconds: 3_600,
});
const signal = new AbortController().signal;

/** Names by pid: this process, and every process of the stores with its children. */
async function processes(): Promise<ReadonlyMap<number, string>> {
  const named = new Map([[process.pid, 'worker (node)']]);
  for (const file of await readdir(stores.home.run)) {
    if (!file.endsWith('.pid')) continue;
    const { pid } = JSON.parse(await readFile(join(stores.home.run, file), 'utf8')) as { pid: number };
    named.set(pid, file.slice(0, -4));
  }
  for (const entry of await readdir('/proc')) {
    const status = /^\d+$/.test(entry) ? await readFile(`/proc/${entry}/status`, 'utf8').catch(() => '') : '';
    const parent = named.get(Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]));
    if (parent && parent !== 'worker (node)' && !named.has(Number(entry))) named.set(Number(entry), parent);
  }
  return named;
}

/** From here on peaks are new ones. */
const forgetPeaks = async (): Promise<void> => {
  for (const pid of (await processes()).keys()) await writeFile(`/proc/${pid}/clear_refs`, '5').catch(quiet);
};

async function peaks(): Promise<string> {
  const megabytes = new Map<string, number>();
  for (const [pid, name] of await processes()) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
    megabytes.set(name, Math.max(megabytes.get(name) ?? 0, peak));
  }
  return [...megabytes].map(([name, peak]) => `${name} ${Math.round(peak)} MB`).join(', ');
}

async function timed(what: string, body: () => Promise<unknown>): Promise<void> {
  await forgetPeaks();
  took.clear();
  const started = performance.now();
  await body();
  const seconds = (performance.now() - started) / 1000;
  const load = loadavg()[0]?.toFixed(1);
  console.log(
    `${what}: ${seconds.toFixed(1)} s = ${Math.round(rows / seconds)} rows/s at a load of ${load}; peak RSS: ${await peaks()}`,
  );
  const slowest = [...took].sort((one, other) => other[1] - one[1]).slice(0, 10);
  console.log(`  ${slowest.map(([label, all]) => `${label} ${all.toFixed(1)} s`).join(', ')}`);
}

const run = (text: string, settings = {}) => store.run('bench', raw(text), { settings });
const names = Array.from({ length: FEATURES }, (_, index) => `f${index}`);
const values = names.map((_, index) => `sqrt(number * 7 + ${index})`).join(', ');
/** A third of the keys' rows comes from each of three days. */
const stateRows = (view: number) => `concat('C', toString(number % ${keys})) AS customer_id,
  ${FIRST} + (intDiv(number, ${keys}) * 50 + ${view}) * ${DAY} AS _eff, toUInt128(_eff) AS _ord,
  fromUnixTimestamp64Milli(_eff - 7200000, 'UTC') AS _event_time, fromUnixTimestamp64Milli(_eff, 'UTC') AS _available_at`;
const SPINE = `SELECT concat('C', toString(intHash64(number) % ${keys})) AS customer_id,
  fromUnixTimestamp64Milli(toInt64(${FIRST} + intHash64(number + 1) % ${190 * DAY}), 'UTC') AS event_timestamp, number AS row_number
  FROM numbers(${rows})`;

try {
  const directory = fileURLToPath(new URL('../migrations/clickhouse', import.meta.url));
  await migrateClickHouse({ tables: TABLES.all, clickhouse: store, directory, clock: Date.now, log });
  const calendar = new BusinessCalendar('Asia/Shanghai');
  const writers = createOfflineWriters({ store, calendar, log });
  const views: readonly View[] = [0, 1, 2].map((index) => {
    const view = wideView(`wide${index}`, keys);
    return { ...view, features: view.features.slice(0, FEATURES), sources: [] };
  });
  for (const [index, view] of views.entries()) {
    await writers.createView(view);
    await run(`INSERT INTO state_wide${index}_v1 (customer_id, _eff, _ord, _event_time, _available_at, _sequence, _tombstone, ${names.join(', ')})
      SELECT ${stateRows(index)}, 1, 0, ${values} FROM numbers(${keys * 3})`);
  }
  const column = "fromUnixTimestamp64Milli(toInt64(%), 'UTC')";
  const at = (text: string) => column.replace('%', text);
  await run(`INSERT INTO labels (entity, entity_id, name, observed_at, window_from, window_to, known_at, value, ingested_at, deleted, seq, row_hash)
    SELECT 'customer', concat('C', toString(number)), 'bad', ${at(`${FIRST + 191 * DAY}`)}, ${at(`${FIRST + 191 * DAY}`)}, ${at(`${FIRST + 195 * DAY}`)},
      ${at(`${FIRST + 195 * DAY}`)}, number % 10 = 0, ${at(`${FIRST + 195 * DAY}`)}, 0, 1, 1 FROM numbers(${keys})`);

  const entity = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'A customer' });
  const registry: Registry = {
    tables: TABLES,
    onDemandViews: new Map(),
    refused: [],
    services: new Map(),
    facts: new Map(),
    indicators: new Map(),
    models: new Map(),
    labels: new Map(),
    jobs: new Map(),
    entities: new Map([[entity.name, entity]]),
    views: new Map(views.map((view) => [view.id, view])),
  };
  // Its spine draws numbers, which callers may not.
  const unguarded: UserSql = {
    ...createUserSql(store),
    check: (_key, body) => body({ store, guard: { check: async (text) => text } }),
  };
  const mask = new Mask(Buffer.alloc(32), TABLES.personalColumns);
  const sets = createTrainingSets({
    registry,
    offline: createOfflineReader({ store, calendar, log }),
    builder: createTrainingSetBuilder({ tables: TABLES, store, calendar, userSql: unguarded, mask, log }),
    history: { estimateAsOfs: async () => [], computeAsOfs: async () => [] },
    historyBudget: { rows: 0, seconds: 0 },
    spines: { get: (id) => Promise.reject(new Error(`no spine ${id} is uploaded here`)) },
    ledger: createTrainingSetLedger(database.dataSource),
    definitions: createDefinitionLedger(database.dataSource),
    mask,
    clock: () => AS_OF,
    folder: join(home, 'training-sets'),
    queue: { enqueue: async ({ name }, _, { id } = {}) => ({ id, name }) as JobRecord },
    jobs: { get: async () => null },
    mostOpen: 10,
  });
  const features = views.flatMap((view) =>
    view.features.map((feature, index) => ({ view, feature, index, reference: `${view.id}:${feature.name}` })),
  );
  const spec = { spine: { sql: SPINE }, label: 'bad', asOf: AS_OF, includeEventTimes: false, format };
  await timed(`training set of ${rows} rows x ${views.length} views of ${FEATURES}, ${format}`, async () => {
    const { id } = await sets.create({ name: 'bench', features, spec, callerKey: 'bench' });
    await sets.run(id, { signal, report: async () => undefined });
    const { path } = await sets.file(id);
    const result = (await sets.get(id))?.result;
    console.log(
      `${result?.rowCount} rows, ${((await stat(path)).size / 1e6).toFixed(0)} MB, hash ${result?.manifest.contentHash}`,
    );
    await rm(path);
  });

  const ddl = views.flatMap((_, view) => names.map((name) => `${name}_${view} Nullable(Float64)`)).join(', ');
  const table = (name: string) =>
    run(
      `CREATE TABLE ${name} (rid UInt64, customer_id Nullable(String), t Int64, ${ddl}) ENGINE = MergeTree ORDER BY rid`,
    );
  await table('plain');
  const joins = views.map(
    (_, view) =>
      `ASOF LEFT JOIN state_wide${view}_v1 AS v${view} ON s.customer_id = v${view}.customer_id AND s.t >= v${view}._eff`,
  );
  await timed('one plain ASOF JOIN of the same rows, no ttl, status, pin, label or order', () =>
    run(
      `INSERT INTO plain SELECT s.row_number, s.customer_id, s.t, ${views.flatMap((_, view) => names.map((name) => `v${view}.${name}`)).join(', ')}
      FROM (SELECT customer_id, row_number, toUnixTimestamp64Milli(event_timestamp) AS t FROM (${SPINE})) AS s ${joins.join(' ')}`,
      { join_algorithm: 'hash' },
    ),
  );
  await table('copy');
  await timed('INSERT SELECT of those rows', () => run('INSERT INTO copy SELECT * FROM plain'));
  await timed(`the file of those rows, ${format}`, () =>
    exportFile(store, {
      select: raw('SELECT * FROM copy ORDER BY rid'),
      format,
      path: join(home, 'copy'),
      rowBytes: 33 * 10,
      token: 'copy',
      earlier: [],
      check: async () => undefined,
      options: { signal },
    }),
  );
} finally {
  await store.close();
  await database.close();
  await stores.close();
  await rm(home, { recursive: true, force: true });
}
