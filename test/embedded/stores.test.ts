import { createClient } from '@clickhouse/client';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FreshStores, startStores } from '../support/stores.js';

let stores: FreshStores;
beforeAll(async () => {
  stores = await startStores();
});
afterAll(() => stores?.close());

test('the three embedded stores answer their stock clients', async () => {
  const clickhouse = createClient({ url: stores.clickhouseUrl });
  const redis = new Redis(stores.redisUrl);
  const postgres = new pg.Client({ connectionString: stores.postgresUrl });
  await postgres.connect();
  try {
    const answer = await clickhouse.query({ query: 'SELECT 1 AS one', format: 'JSONEachRow' });
    expect(await answer.json()).toEqual([{ one: 1 }]);
    expect(await redis.ping()).toBe('PONG');
    expect((await postgres.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  } finally {
    await Promise.all([clickhouse.close(), redis.quit(), postgres.end()]);
  }
});

test('Redis keeps everything, is durable within a second and packs rows of a view', async () => {
  const redis = new Redis(stores.redisUrl);
  try {
    const settings = await redis.config(
      'GET',
      'maxmemory-policy',
      'appendonly',
      'appendfsync',
      'hash-max-listpack-value',
      'port',
    );
    expect(Object.fromEntries(chunk(settings as string[]))).toEqual({
      'maxmemory-policy': 'noeviction',
      appendonly: 'yes',
      appendfsync: 'everysec',
      'hash-max-listpack-value': '512',
      port: '0',
    });
  } finally {
    await redis.quit();
  }
});

const chunk = (flat: string[]): [string, string][] =>
  flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] as string] as [string, string]] : []));
