/**
 * Uploads a spine in each format into the embedded ClickHouse, and beside each what it cannot do without: the store's own read of the same bytes
 * into a table, without types of ours, checks, order or a number for each row. Says the peak memory of this process.
 * `node --import ./bin/typescript.js bench/spines.ts [rows]`, 1,000,000 by default.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setInterval } from 'node:timers';
import { defineEntity } from '../src/core/definitions/define.js';
import { raw } from '../src/core/definitions/sql.js';
import { startEmbedded } from '../src/embedded/index.js';
import { createSpineStore } from '../src/sources/spines/store.js';
import { openClickHouse } from '../src/warehouse/client.js';

const rows = Number(process.argv[2] ?? 1_000_000);
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: console.warn, error: console.error };
const metrics = { count: quiet, observe: quiet, gauge: quiet };
const home = join(tmpdir(), `riskgraph-bench-${randomUUID()}`);
// So that the raw limit is one statement.
const clickhouse = { maxBodyBytes: 8 * 2 ** 30, maxExecutionTime: 3_600 };
const stores = await startEmbedded({
  home,
  need: { postgres: false, redis: false, clickhouse: true },
  clickhouse,
  log,
});
const url = stores.urls.clickhouseUrl as string;
const store = openClickHouse({ url, database: 'riskgraph', log, metrics, limitSeconds: 3_600 });
await store.createDatabase('riskgraph');
/** One stream and one statement, which the platform's client, that writes batches, does not do. */
async function insertFile(file: string, format: string): Promise<void> {
  const { origin, username, password } = new URL(url);
  const query = new URLSearchParams({ database: 'riskgraph', query: `INSERT INTO raw FORMAT ${format}` });
  const answer = await fetch(`${origin}/?${query}`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` },
    body: createReadStream(file) as unknown as NonNullable<RequestInit['body']>,
    // A streamed body needs it; the type of fetch does not know it.
    ...({ duplex: 'half' } as object),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
const customer = defineEntity({ name: 'customer', joinKeys: ['customer_id'], description: 'x' });
const spines = createSpineStore({
  store,
  entities: () => [customer],
  limits: { rows: 1e9, bytes: 1e12 },
  log,
  tempDir: home,
});

const COLUMNS =
  'customer_id String, event_timestamp String, amount Float64, term Int32, channel String, target Int32, known_at String';
const typed = `SELECT concat('C', toString(cityHash64(number) % 1000000)) AS customer_id,
  toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toIntervalSecond(number % 7776000) AS event_timestamp, (number * 7919 % 100000) / 100 AS amount,
  toInt32(number % 36) AS term, ['app', 'branch', 'partner'][1 + number % 3] AS channel, toInt32(number % 20 = 0) AS target,
  event_timestamp + toIntervalDay(90) AS known_at FROM numbers(${rows})`;
const text = typed
  .replace(
    'SELECT',
    "SELECT * REPLACE(formatDateTime(event_timestamp, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS event_timestamp, formatDateTime(known_at, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS known_at) FROM (SELECT",
  )
  .concat(')');

let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 200);
const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
};

try {
  for (const [format, written, read, select] of [
    ['arrow', 'ArrowStream', 'ArrowStream', typed],
    ['parquet', 'Parquet', 'Parquet', typed],
    ['csv', 'CSVWithNames', 'CSVWithNames', text],
  ] as const) {
    const file = join(home, `spine.${format}`);
    await pipeline(Readable.from(store.bytes('bench', raw(select), written)), createWriteStream(file));
    await store.run(
      'bench',
      raw(
        `CREATE OR REPLACE TABLE raw (${read === 'CSVWithNames' ? COLUMNS : COLUMNS.replaceAll(/(event_timestamp|known_at) String/g, "$1 DateTime64(3, 'UTC')")}) ENGINE = MergeTree ORDER BY tuple()`,
      ),
    );
    const limit = await timed(() => insertFile(file, read));
    peak = 0;
    const took = await timed(() =>
      spines.write(randomUUID(), { format, body: createReadStream(file), caller: 'bench' }),
    );
    const { size } = await stat(file);
    const measured = {
      format,
      rows,
      bytes: size,
      seconds: took,
      limit,
      ratio: took / limit,
      peakMb: Math.round(peak / 2 ** 20),
    };
    console.log(JSON.stringify({ ...measured, load: loadavg()[0] }));
    await rm(file);
  }
} finally {
  clearInterval(watch);
  await store.close();
  await stores.close();
  await rm(home, { recursive: true, force: true });
}
