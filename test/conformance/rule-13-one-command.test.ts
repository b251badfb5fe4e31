/** Rule 13. Requests go over HTTP; what they cost is what Redis says it was asked, and what they read is looked at past our code. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { View } from '../../src/core/definitions/definitions.js';
import type { ViewRow } from '../../src/core/ports/offline.js';
import { type Api, closeApiStores, freshApiStores, startApi } from '../support/api.js';
import { type Case, defineRule, shared } from './conformance.js';
import { redisKey } from './online-world.js';

interface Request extends Case {
  /** A GraphQL document. */
  readonly asks: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Commands on keys of entities that Redis gets for it. */
  readonly commands: number;
}

const online = (features: readonly string[], entities: Readonly<Record<string, readonly (string | null)[]>>) => ({
  asks: 'query($features: [String!], $entities: JSONObject!) { onlineFeatures(features: $features, entities: $entities) { columns { values } } }',
  variables: { features, entities },
});
const customers = (count: number): string[] => Array.from({ length: count }, (_, index) => `C${index}`);

const REQUESTS: readonly Request[] = [
  {
    name: 'one feature of one customer is one command',
    ...online(['customer_profile@1:segment'], { customer_id: ['C1'] }),
    commands: 1,
  },
  {
    name: 'all features of a view are one command',
    ...online(['customer_profile@1'], { customer_id: ['C1'] }),
    commands: 1,
  },
  {
    name: 'all features of two versions are one command',
    ...online(['customer_profile@1', 'customer_profile@2'], { customer_id: ['C1'] }),
    commands: 1,
  },
  {
    name: 'a hundred customers of eleven features are a hundred commands',
    ...online(['customer_profile@1', 'customer_profile@2'], { customer_id: customers(100) }),
    commands: 100,
  },
  {
    name: 'a customer asked for five times is one command',
    ...online(['customer_profile@1', 'customer_profile@2'], { customer_id: ['C1', 'C1', 'C1', 'C1', 'C1'] }),
    commands: 1,
  },
  {
    name: 'a NULL key is no command',
    ...online(['customer_profile@1'], { customer_id: [null, null] }),
    commands: 0,
  },
  {
    name: 'a customer nobody knows is one command as well',
    ...online(['customer_profile@1', 'customer_profile@2'], { customer_id: ['nobody'] }),
    commands: 1,
  },
  {
    name: 'two entities of a row are two commands',
    ...online(['customer_profile@1', 'customer_profile@2', 'device_use@1'], { customer_id: ['C1'], device_id: ['D1'] }),
    commands: 2,
  },
  {
    name: 'a service over two entities is one command an entity and key',
    asks: '{ onlineFeatures(service: "decision@1", entities: { customer_id: ["C1", "C2", "C3"], device_id: ["D1", "D1", "D1"] }) { columns { values } } }',
    commands: 4,
  },
  {
    name: 'two views of a customer in the typed graph are one command',
    asks: '{ customer(id: "C1") { customerProfile { segment city } customerProfileV1 { segment monthlyIncome } } }',
    commands: 1,
  },
  {
    name: 'a customer named twice in the typed graph is one command',
    asks: '{ a: customer(id: "C1") { customerProfile { segment } } b: customer(id: "C1") { customerProfileV1 { segment } } }',
    commands: 1,
  },
  {
    name: 'three entities of the typed graph are three commands',
    asks: '{ a: customer(id: "C1") { customerProfile { city } } b: customer(id: "C2") { customerProfile { city } } device(id: "D1") { deviceUse { sightings } } }',
    commands: 3,
  },
];

interface Layout extends Case {
  readonly entity: string;
  readonly key: string;
  /** Every field of the entity's one key, with the times of its row, in ms before now. */
  readonly fields: Readonly<Record<string, { readonly eventTime: number; readonly availableAt: number }>>;
}

const LAYOUTS: readonly Layout[] = [
  {
    name: 'a customer with one view has one key with one field, whose row carries its times',
    entity: 'customer',
    key: 'one view',
    fields: { 'customer_profile@1': { eventTime: 9_000, availableAt: 8_000 } },
  },
  {
    name: 'a customer with two versions has one key with a field for each, each with times of its own',
    entity: 'customer',
    key: 'two versions',
    fields: {
      'customer_profile@1': { eventTime: 86_400_000, availableAt: 7_000 },
      'customer_profile@2': { eventTime: 5_001, availableAt: 5_000 },
    },
  },
  {
    name: 'a device is a key of its own, even with the id of a customer',
    entity: 'device',
    key: 'one view',
    fields: { 'device_use@1': { eventTime: 3, availableAt: 2 } },
  },
];

const VALUES: Readonly<Record<string, ViewRow['values']>> = {
  'customer_profile@1': ['gold', '1', 'hash', '2000-01-01', 1],
  'customer_profile@2': ['gold', '1', 'hash', '2000-01-01', 'Wuhan', 1],
  'device_use@1': ['2', 0.5, '2026-02-02T04:00:00.000Z', true, [3, 4]],
};

interface World {
  readonly api: Api;
  readonly redis: Redis;
  write(view: string, key: string, eventTime: number, availableAt: number): Promise<void>;
  /** Commands on keys of the online store while the body runs. */
  commands(body: () => Promise<unknown>): Promise<readonly string[]>;
  close(): Promise<void>;
}

const world = shared(async (): Promise<World> => {
  const stores = await freshApiStores();
  const api = await startApi({ stores });
  await api.graphql('admin', 'mutation { applyRegistry { problems } }');
  const redis = new Redis(stores.redis.url);
  const monitor = await redis.monitor();
  let seen: string[][] = [];
  monitor.on('monitor', (_time, args: string[]) => void seen.push(args));
  // Redis tells a monitor of commands in their order: after the mark it has told of all before it.
  const settled = async (): Promise<void> => {
    const mark = randomUUID();
    await redis.echo(mark);
    await expect.poll(() => seen.some((args) => args.includes(mark)), { timeout: 30_000 }).toBe(true);
  };
  const write: World['write'] = async (id, key, eventTime, availableAt) => {
    const view = api.app.registry.views.get(id) as View;
    const row = { key: [key], eventTime, availableAt, sequence: 1, tombstone: false, values: VALUES[id] ?? [] };
    await api.app.services.worker.online.write(view, [row]);
  };
  const now = Date.now();
  for (const id of customers(100))
    for (const version of [1, 2]) await write(`customer_profile@${version}`, id, now, now);
  await write('device_use@1', 'D1', now, now);
  return {
    api,
    redis,
    write,
    async commands(body) {
      await settled();
      seen = [];
      await body();
      await settled();
      return seen.filter(([, key]) => key?.startsWith('riskgraph:o1:')).map(([name = '']) => name.toLowerCase());
    },
    async close() {
      monitor.disconnect();
      redis.disconnect();
      await api.close();
      await closeApiStores(stores);
    },
  };
});

defineRule<Request, World>(
  {
    rule: 13,
    open: world,
    async check({ asks, variables, commands }, { api, commands: during }) {
      const sent = await during(async () => {
        const { errors } = await api.graphql('decision', asks, variables);
        expect(errors).toEqual([]);
      });
      expect(sent).toEqual(Array(commands).fill('hmget'));
    },
  },
  REQUESTS,
);

defineRule<Layout, World>(
  {
    rule: 13,
    open: world,
    async check({ entity, key, fields }, { redis, write }) {
      const now = Date.now();
      for (const [id, { eventTime, availableAt }] of Object.entries(fields)) {
        await write(id, key, now - eventTime, now - availableAt);
      }
      const stored = await redis.hgetallBuffer(redisKey({ prefix: 'riskgraph' }, entity, key));
      // Format, flags and schema take six bytes; the two times follow, eight bytes each.
      const times = Object.entries(stored).map(([field, row]) => [
        field,
        { eventTime: now - Number(row.readBigInt64BE(6)), availableAt: now - Number(row.readBigInt64BE(14)) },
      ]);
      expect(Object.fromEntries(times)).toEqual(fields);
    },
  },
  LAYOUTS,
);
