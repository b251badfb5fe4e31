/**
 * Rule 21. Things are done until each was acknowledged; then every process of every store is killed with signal 9 and started anew. What was
 * acknowledged must be there, and what could not be written must have said so.
 */
import { rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { type FastifyInstance, fastify } from 'fastify';
import { expect } from 'vitest';
import { type App, createApp } from '../../src/app.js';
import { loadConfig } from '../../src/config.js';
import type { FeatureRef, View } from '../../src/core/definitions/definitions.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import { backfill, materialize } from '../../src/core/ports/job-contracts.js';
import type { ImportResult } from '../../src/core/ports/sources.js';
import { type EmbeddedStores, startEmbedded } from '../../src/embedded/index.js';
import { registerErrors } from '../../src/http/errors.js';
import { registerImportRoutes } from '../../src/http/import.routes.js';
import { silentLog } from '../online/definitions.js';
import { freshHome } from '../support/homes.js';
import { killAll } from '../support/processes.js';
import { FIXTURE_ROOT } from '../support/registries.js';
import { TABLES } from '../support/tables.js';
import { type Case, defineRule, shared } from './conformance.js';

interface Live {
  readonly app: App;
  readonly clickhouse: ClickHouseClient;
  import(table: string, type: 'text/csv' | 'application/x-ndjson', body: RequestInit['body']): Promise<Answer>;
  close(): Promise<void>;
}
interface Answer {
  readonly status: number;
  readonly json: unknown;
}

interface Acknowledged extends Case {
  /** What is done before the kill, and the reply that acknowledges it. */
  readonly does: (live: Live) => Promise<unknown>;
  readonly reply: unknown;
  /** What is read after it. */
  readonly reads: (live: Live, reply: unknown) => Promise<unknown>;
  readonly holds: unknown;
}

const rowsOf = (prefix: string, count: number): string =>
  [
    'customer_id,registered_at,city',
    ...Array.from({ length: count }, (_, row) => `${prefix}${row},2024-01-01T00:00:00Z,c${row % 7}`),
  ].join('\n');
const eventsOf = (prefix: string, count: number): string =>
  Array.from({ length: count }, (_, row) =>
    JSON.stringify({ event_id: `${prefix}${row}`, event_type: 'OPEN', event_time: '2024-01-01T00:00:00Z' }),
  ).join('\n');

/** Rows, and keys among them, that begin so. */
async function count(
  { clickhouse }: Live,
  table: string,
  key: string,
  prefix: string,
): Promise<readonly [number, number]> {
  const result = await clickhouse.query({
    query: `SELECT toUInt32(count()) AS rows, toUInt32(uniqExact({key:Identifier})) AS keys FROM {table:Identifier} WHERE startsWith({key:Identifier}, {prefix:String})`,
    query_params: { table, key, prefix },
    format: 'JSONEachRow',
  });
  const [found] = await result.json<{ rows: number; keys: number }>();
  return [found?.rows ?? 0, found?.keys ?? 0];
}

const customersLike = (prefix: string) => (live: Live) => count(live, 'customers', 'customer_id', prefix);
const csv = (body: string) => (live: Live) => live.import('customers', 'text/csv', body);
const accepted = (rows: number, more: Partial<ImportResult> = {}) => ({
  status: 200,
  json: { accepted: rows, ...more },
});
const view = ({ app }: Live): View => app.registry.views.get('customer_profile@1') as View;
const featuresOf = (live: Live): FeatureRef[] =>
  view(live).features.map((feature, index) => ({
    view: view(live),
    feature,
    index,
    reference: `${view(live).id}:${feature.name}`,
  }));
const jobOf = (reply: unknown): string => (reply as { id: string }).id;
const SET = newUuid(Date.now());

const ACKNOWLEDGED: readonly Acknowledged[] = [
  {
    name: 'one row that was acknowledged is there',
    does: csv(rowsOf('one-', 1)),
    reply: accepted(1),
    reads: customersLike('one-'),
    holds: [1, 1],
  },
  {
    name: 'all rows of a file are there, each once',
    does: csv(rowsOf('many-', 5_000)),
    reply: accepted(5_000),
    reads: customersLike('many-'),
    holds: [5_000, 5_000],
  },
  {
    name: 'events are there, each once',
    does: (live) => live.import('events', 'application/x-ndjson', eventsOf('e-', 2_000)),
    reply: accepted(2_000),
    reads: (live) => count(live, 'events', 'event_id', 'e-'),
    holds: [2_000, 2_000],
  },
  {
    name: 'files that came at once are there, each once',
    does: (live) => Promise.all([0, 1, 2].map((part) => csv(rowsOf(`part${part}-`, 500))(live))),
    reply: [accepted(500), accepted(500), accepted(500)],
    reads: customersLike('part'),
    holds: [1_500, 1_500],
  },
  {
    name: 'a correction is there beside what it corrects',
    does: async (live) => [
      await csv(rowsOf('fixed-', 1))(live),
      await csv(rowsOf('fixed-', 1).replace('c0', 'c9'))(live),
    ],
    reply: [accepted(1), accepted(1)],
    reads: customersLike('fixed-'),
    holds: [2, 1],
  },
  {
    name: 'what was sent twice is there once',
    does: async (live) => [await csv(rowsOf('twice-', 10))(live), await csv(rowsOf('twice-', 10))(live)],
    reply: [accepted(10), accepted(0, { duplicates: 10 })],
    reads: customersLike('twice-'),
    holds: [10, 10],
  },
  {
    name: 'what is sent again after the kill adds nothing',
    does: csv(rowsOf('again-', 300)),
    reply: accepted(300),
    reads: csv(rowsOf('again-', 300)),
    holds: accepted(0, { duplicates: 300 }),
  },
  {
    name: 'a row that was refused is kept with its reason',
    does: csv('customer_id,registered_at,city\nbad-1,yesterday,x\nbad-2,2024-01-01T00:00:00Z,y\n'),
    reply: accepted(1, { rejected: 1 }),
    reads: ({ app }) => app.services.sources.quarantine('customers', 1),
    holds: [{ line: 2, column: 'registered_at', reason: expect.stringContaining('not an instant') }],
  },
  {
    name: 'what was applied is applied',
    does: ({ app }) => app.services.api.planner.apply(),
    reply: { changes: { length: 5 }, problems: [] },
    reads: async ({ app }) => (await app.services.api.planner.plan()).changes,
    holds: [],
  },
  {
    name: 'a job that was asked for waits with what it was asked for',
    does: ({ app }) => app.services.api.queue.enqueue(materialize, { views: ['device_use@1'] }),
    reply: { state: 'WAITING' },
    reads: ({ app }, reply) => app.services.api.jobs.get(jobOf(reply)),
    holds: { name: 'materialize', state: 'WAITING', payload: { views: ['device_use@1'] } },
  },
  {
    name: 'a job that was cancelled is cancelled',
    does: async ({ app }) => {
      const { queue } = app.services.api;
      return queue.cancel((await queue.enqueue(materialize, { views: ['device_use@1'] })).id);
    },
    reply: { state: 'CANCELLED' },
    reads: ({ app }, reply) => app.services.api.jobs.get(jobOf(reply)),
    holds: { state: 'CANCELLED' },
  },
  {
    name: 'a training set that was asked for is recorded',
    does: (live) =>
      live.app.services.api.trainingSets.create({
        name: SET,
        callerKey: 'modeler',
        features: featuresOf(live),
        spec: {
          spine: { customer_id: ['C1'], event_timestamp: ['2026-01-05T00:00:00Z'] },
          label: null,
          asOf: Date.now(),
          includeEventTimes: false,
          format: 'CSV',
        },
      }),
    reply: { name: SET },
    reads: async ({ app }, reply) => app.services.api.trainingSets.get(jobOf(reply)),
    holds: { name: SET, result: null },
  },
  {
    name: 'a value that was written online is read online',
    does: (live) => {
      const now = Date.now();
      const stamps = { eventTime: now, availableAt: now, sequence: 1, tombstone: false };
      const row = { key: ['C1'], ...stamps, values: ['gold', '1', 'hash', '2000-01-01', 1] };
      return live.app.services.worker.online.write(view(live), [row]);
    },
    reply: { applied: 1 },
    reads: (live) =>
      live.app.services.worker.online.read([{ entity: view(live).entity, keys: [['C1']], views: [view(live)] }]),
    holds: [[[{ values: ['gold', '1', 'hash', '2000-01-01', 1] }]]],
  },
];

interface Refused extends Case {
  /** What is tried while the stores are dead; it must say that it was not done. */
  readonly tries: (live: Live) => Promise<unknown>;
  readonly answers: unknown;
  /** What is read when they live again. */
  readonly reads: (live: Live) => Promise<unknown>;
  readonly holds: unknown;
}

const AWAY = { status: 503, json: { error: { code: 'STORE_UNAVAILABLE', hint: expect.stringMatching(/\S/) } } };

const REFUSED: readonly Refused[] = [
  {
    name: 'an import that finds no store is refused, and nothing of it is there',
    tries: csv(rowsOf('dead-', 5)),
    answers: AWAY,
    reads: customersLike('dead-'),
    holds: [0, 0],
  },
  {
    name: 'a job that cannot be recorded is refused, and there is none',
    tries: ({ app }) =>
      app.services.api.queue.enqueue(backfill, { views: ['device_use@1'], from: '2026-01-01', to: '2026-01-02' }).then(
        () => 'taken',
        () => 'refused',
      ),
    answers: 'refused',
    reads: ({ app }) => app.services.api.jobs.list({ name: 'backfill', limit: 10 }),
    holds: [],
  },
  {
    name: 'an import that was cut off is not acknowledged, and the same import again makes it whole',
    tries: async () => cutOff,
    answers: expect.not.objectContaining({ status: 200 }),
    reads: async (live) => {
      const before = await customersLike('cut-')(live);
      const { json } = await csv(rowsOf('cut-', 2_000))(live);
      const { accepted: now, duplicates } = json as ImportResult;
      return { twice: before[0] - before[1], all: now + duplicates, kept: await customersLike('cut-')(live) };
    },
    holds: { twice: 0, all: 2_000, kept: [2_000, 2_000] },
  },
];

/** The answer to an import whose stores were killed while its body was on its way. */
let cutOff: Answer | undefined;

async function open(home: string, { urls }: EmbeddedStores): Promise<Live> {
  const config = loadConfig({
    RISKGRAPH_HOME: home,
    RISKGRAPH_LOG_LEVEL: 'error',
    POSTGRES_URL: urls.postgresUrl,
    REDIS_URL: urls.redisUrl,
    CLICKHOUSE_URL: urls.clickhouseUrl,
  });
  const app = await createApp(config, { definitions: FIXTURE_ROOT });
  const server: FastifyInstance = fastify();
  registerErrors(server, silentLog);
  await registerImportRoutes(server, {
    tables: TABLES,
    sources: app.services.sources,
    completeness: app.services.api.completeness,
    now: Date.now,
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  const clickhouse = createClient({ url: urls.clickhouseUrl as string });
  return {
    app,
    clickhouse,
    async import(table, type, body) {
      const init = { method: 'POST', headers: { 'content-type': type }, duplex: 'half', body } as RequestInit;
      const answer = await fetch(`${url}/import/${table}`, init);
      return { status: answer.status, json: await answer.json() };
    },
    async close() {
      await server.close();
      await clickhouse.close();
      await app.close();
    },
  };
}

interface World {
  readonly live: Live;
  readonly replies: ReadonlyMap<string, unknown>;
  close(): Promise<void>;
}

const world = shared(async (): Promise<World> => {
  const home = await freshHome();
  const start = () => startEmbedded({ home, need: { postgres: true, redis: true, clickhouse: true }, log: silentLog });
  const stores = await start();
  const live = await open(home, stores);
  const replies = new Map<string, unknown>();
  for (const { name, does } of ACKNOWLEDGED) replies.set(name, await does(live));

  let killed: () => void = () => undefined;
  const kill = new Promise<void>((resolve) => {
    killed = resolve;
  });
  const [head = '', ...rows] = rowsOf('cut-', 2_000).split('\n');
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(Buffer.from(`${[head, ...rows.slice(0, 1_000)].join('\n')}\n`));
      await kill;
      controller.enqueue(Buffer.from(rows.slice(1_000).join('\n')));
      controller.close();
    },
  });
  const cut = live.import('customers', 'text/csv', body);
  await killAll(home);
  killed();
  cutOff = await cut;
  for (const { name, tries } of REFUSED) replies.set(name, await tries(live));
  await live.close();
  await stores.close();

  const again = await start();
  const reopened = await open(home, again);
  return {
    live: reopened,
    replies,
    async close() {
      await reopened.close();
      await again.close();
      await rm(home, { recursive: true, force: true });
    },
  };
});

defineRule<Acknowledged, World>(
  {
    rule: 21,
    open: world,
    async check({ name, reply, reads, holds }, { live, replies }) {
      expect(replies.get(name)).toMatchObject(reply as object);
      expect(await reads(live, replies.get(name))).toMatchObject(holds as object);
    },
  },
  ACKNOWLEDGED,
);

defineRule<Refused, World>(
  {
    rule: 21,
    open: world,
    async check({ name, answers, reads, holds }, { live, replies }) {
      const answer = replies.get(name);
      if (typeof answers === 'string') expect(answer).toBe(answers);
      else expect(answer).toMatchObject(answers as object);
      expect(await reads(live)).toEqual(holds);
    },
  },
  REFUSED,
);
