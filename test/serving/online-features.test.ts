import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeatureRef, View } from '../../src/core/definitions/definitions.js';
import type { Registry } from '../../src/core/definitions/registry.js';
import { DAY } from '../../src/core/helpers/time.js';
import type { ViewRow } from '../../src/core/ports/offline.js';
import type { OnlineStore } from '../../src/core/ports/online.js';
import type { OnlineFeaturesService } from '../../src/core/ports/serving.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis } from '../../src/online/redis.js';
import { createOnlineFeatures } from '../../src/serving/online-features.js';
import { quietLog } from '../support/homes.js';
import { fixtureRegistry } from '../support/registries.js';
import { type FreshStore, freshRedis } from '../support/stores.js';

const NOW = Date.UTC(2026, 5, 30);
const metrics = { count: () => undefined, observe: () => undefined, gauge: () => undefined };
let redis: FreshStore;
let connection: Awaited<ReturnType<typeof openRedis>>;
let online: OnlineStore;
let registry: Registry;
let profile: View;
let device: View;

beforeAll(async () => {
  redis = await freshRedis();
  connection = await openRedis({ url: redis.url, log: quietLog, purpose: 'serving' });
  // Redis expires by its own clock; a day of slack keeps the edge of ttl in the store while the test stands still at NOW.
  online = createOnlineStore({
    client: connection.client,
    prefix: 'test',
    clock: () => NOW - DAY,
    log: quietLog,
    metrics,
  });
  registry = await fixtureRegistry();
  profile = registry.views.get('customer_profile@1') as View;
  device = registry.views.get('device_use@1') as View;
  const row = (id: string, eventTime: number, segment: string | null, tombstone = false): ViewRow => ({
    key: [id],
    eventTime,
    availableAt: eventTime,
    sequence: 1,
    tombstone,
    values: tombstone ? [] : [segment, '1.5', 'hash', '2000-01-01', 3],
  });
  await online.write(profile, [
    row('fresh', NOW - DAY, 'a'),
    row('null', NOW - DAY, null),
    row('edge of maxAge', NOW - 2 * DAY, 'b'),
    row('stale', NOW - 2 * DAY - 1, 'c'),
    row('edge of ttl', NOW - 10 * DAY, 'd'),
    row('past ttl', NOW - 10 * DAY - 1, 'e'),
    row('ended', NOW - DAY, null, true),
  ]);
  await online.write(device, [
    {
      key: ['D1'],
      eventTime: NOW - 100 * DAY,
      availableAt: NOW,
      sequence: 1,
      tombstone: false,
      values: ['9007199254740993', 0.25, '2026-01-01T00:00:00.000Z', true, [1, 2]],
    },
  ]);
});

afterAll(async () => {
  await connection.close();
  await redis.close();
});

const refs = (view: View, ...names: string[]): FeatureRef[] =>
  names.map((name) => {
    const index = view.features.findIndex((feature) => feature.name === name);
    const feature = view.features[index] as View['features'][number];
    return { view, feature, index, reference: `${view.id}:${name}` };
  });

const read = (
  features: readonly FeatureRef[],
  entities: Record<string, (string | null)[]>,
  stalePolicy: 'RETURN' | 'NULL' = 'RETURN',
) => createOnlineFeatures({ online }).read({ features, entities, stalePolicy, now: NOW });

const IDS = ['fresh', 'null', 'edge of maxAge', 'stale', 'edge of ttl', 'past ttl', 'ended', 'nobody', null];

describe('statuses', () => {
  it('are exact at the edges of maxAge and ttl, in the order of the request (rule 7)', async () => {
    const { columns, views } = await read(refs(profile, 'segment'), { customer_id: IDS });
    expect(columns[0]?.statuses).toEqual([
      'PRESENT',
      'NULL',
      'PRESENT',
      'STALE',
      'STALE',
      'NOT_FOUND',
      'NOT_FOUND',
      'NOT_FOUND',
      'NOT_FOUND',
    ]);
    expect(columns[0]?.values).toEqual(['a', null, 'b', 'c', 'd', null, null, null, null]);
    expect(views).toEqual([
      {
        view: 'customer_profile@1',
        eventTimes: [NOW - DAY, NOW - DAY, NOW - 2 * DAY, NOW - 2 * DAY - 1, NOW - 10 * DAY, null, null, null, null],
      },
    ]);
  });

  it('stalePolicy NULL keeps the status and takes the value', async () => {
    const { columns } = await read(refs(profile, 'segment'), { customer_id: ['stale', 'fresh'] }, 'NULL');
    expect(columns[0]).toMatchObject({ values: [null, 'a'], statuses: ['STALE', 'PRESENT'] });
  });

  it('are ERROR where the store does not answer, never a part of the data', async () => {
    const away: OnlineStore = {
      ...online,
      read: async (groups) => groups.map(({ keys, views }) => keys.map(() => views.map(() => 'ERROR' as const))),
    };
    const { columns } = await createOnlineFeatures({ online: away }).read({
      features: refs(profile, 'segment'),
      entities: { customer_id: ['fresh'] },
      stalePolicy: 'RETURN',
      now: NOW,
    });
    expect(columns[0]).toMatchObject({ values: [null], statuses: ['ERROR'] });
  });
});

describe('a request', () => {
  it('over two entities pairs row i with row i, with exact 64-bit and decimal values', async () => {
    const { columns } = await read([...refs(device, 'sightings', 'hours'), ...refs(profile, 'monthly_income')], {
      device_id: ['D1', 'D2'],
      customer_id: ['nobody', 'fresh'],
    });
    expect(columns.map(({ name, values }) => [name, values])).toEqual([
      ['device_use@1:sightings', ['9007199254740993', null]],
      ['device_use@1:hours', [[1, 2], null]],
      ['customer_profile@1:monthly_income', [null, '1.5']],
    ]);
  });

  it('is one call of the store whatever it asks for', async () => {
    let calls = 0;
    const counted: OnlineStore = {
      ...online,
      read: (groups) => {
        calls += 1;
        return online.read(groups);
      },
    };
    const second = registry.views.get('customer_profile@2') as View;
    await createOnlineFeatures({ online: counted }).read({
      features: [...refs(profile, 'segment'), ...refs(second, 'city'), ...refs(device, 'hours')],
      entities: { customer_id: ['fresh'], device_id: ['D1'] },
      stalePolicy: 'RETURN' as const,
      now: NOW,
    });
    expect(calls).toBe(1);
  });

  it('of no rows is answered with empty columns', async () => {
    const { columns } = await read(refs(profile, 'segment'), { customer_id: [] });
    expect(columns[0]).toMatchObject({ values: [], statuses: [] });
  });

  it.each([
    ['a missing join key, naming it', {}, /lacks the join key customer_id/],
    ['a column that no feature is keyed by', { customer_id: ['a'], loan_id: ['b'] }, /holds loan_id/],
    [
      'lists of unequal length, saying both',
      { customer_id: ['a'], device_id: ['a', 'b'] },
      /customer_id 1, device_id 2/,
    ],
    [
      'more than 1,000 rows',
      { customer_id: Array(1_001).fill('a'), device_id: Array(1_001).fill('a') },
      /1001 rows are more than 1000/,
    ],
  ])('is refused for %s', async (_, entities, words) => {
    const features =
      'device_id' in entities ? [...refs(profile, 'segment'), ...refs(device, 'hours')] : refs(profile, 'segment');
    await expect(read(features, entities as Record<string, string[]>)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(words),
    });
  });

  it('for more than 250,000 values is TOO_COMPLEX', async () => {
    const many = Array.from({ length: 251 }, () => refs(profile, 'segment')).flat();
    await expect(read(many, { customer_id: Array(1_000).fill('a') })).rejects.toMatchObject({ code: 'TOO_COMPLEX' });
  });
});

describe('whole rows', () => {
  const rowsOf = (asked: Parameters<OnlineFeaturesService['rows']>[0], store: OnlineStore = online) =>
    createOnlineFeatures({ online: store }).rows(asked, NOW);
  const profiles = (ids: readonly string[]) => ids.map((id) => ({ view: profile, key: [id] }));

  it('have the status, event time and values that their columns have; a row of nulls is PRESENT', async () => {
    const ids = IDS.filter((id) => id !== null);
    const names = profile.features.map(({ name }) => name);
    const { columns, views } = await read(refs(profile, ...names), { customer_id: ids });
    const rows = await rowsOf(profiles(ids));
    expect(rows.map(({ values }) => values)).toEqual(ids.map((_, row) => columns.map(({ values }) => values[row])));
    expect(rows.map(({ eventTime }) => eventTime)).toEqual(views[0]?.eventTimes);
    expect(rows.map(({ status }) => status)).toEqual([
      'PRESENT',
      'PRESENT',
      'PRESENT',
      'STALE',
      'STALE',
      'NOT_FOUND',
      'NOT_FOUND',
      'NOT_FOUND',
    ]);
  });

  it('of several entities and views come in the order asked, in one call of the store', async () => {
    let calls = 0;
    const counted: OnlineStore = {
      ...online,
      read: (groups) => {
        calls += 1;
        return online.read(groups);
      },
    };
    const asked = [
      { view: device, key: ['D1'] },
      ...profiles(['stale', 'fresh', 'stale']),
      { view: registry.views.get('customer_profile@2') as View, key: ['fresh'] },
    ];
    const rows = await rowsOf(asked, counted);
    expect(rows.map(({ status }) => status)).toEqual(['PRESENT', 'STALE', 'PRESENT', 'STALE', 'NOT_FOUND']);
    expect(rows[0]?.values[0]).toBe('9007199254740993');
    expect(calls).toBe(1);
  });

  it('are ERROR without a value where the store does not answer', async () => {
    const away: OnlineStore = {
      ...online,
      read: async (groups) => groups.map(({ keys, views }) => keys.map(() => views.map(() => 'ERROR' as const))),
    };
    expect(await rowsOf(profiles(['fresh']), away)).toEqual([
      { status: 'ERROR', eventTime: null, values: profile.features.map(() => null) },
    ]);
  });

  it('are refused beyond the limits of a request', async () => {
    const ids = Array.from({ length: 1_001 }, (_, index) => `C${index}`);
    await expect(rowsOf(profiles(ids))).rejects.toThrow('1001 rows are more than 1000 a request');
  });
});
