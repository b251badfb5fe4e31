/** Rule 15. Rows of views with a ttl of their own in one key, read, swept and deleted at chosen instants. */
import { expect } from 'vitest';
import type { View } from '../../src/core/definitions/definitions.js';
import type { FeatureStatus } from '../../src/core/definitions/types.js';
import { createOnlineFeatures } from '../../src/serving/online-features.js';
import { pair, testRow, testView } from '../online/definitions.js';
import { type Case, defineRule, shared } from './conformance.js';
import { type OnlineWorld, openOnlineWorld, redisKey } from './online-world.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const T = Date.UTC(2026, 0, 10);
const world = shared(() => openOnlineWorld());

/** What views of a customer there are; the names are those of the fields. */
const VIEWS = {
  day: testView('day', { ttlMs: DAY }),
  day2: testView('day', { version: 2, ttlMs: 2 * DAY }),
  days: testView('days', { ttlMs: 5 * DAY, maxAgeMs: DAY }),
  ever: testView('ever'),
  daylike: testView('daylike', { ttlMs: 3 * DAY }),
} as const;
type Name = keyof typeof VIEWS;
/** When each row happened, in ms after T. */
type Rows = Readonly<Partial<Record<Name, number>>>;

async function put({ store, clock }: OnlineWorld, key: string, rows: Rows): Promise<void> {
  clock.now = T;
  for (const [name, at] of Object.entries(rows) as [Name, number][]) {
    await store().write(VIEWS[name], [testRow({ key: [key], eventTime: T + at, availableAt: T + at })]);
  }
}

const fieldsOf = async (online: OnlineWorld, key: string): Promise<string[]> =>
  (await online.raw.hkeys(redisKey(online, 'customer', key))).sort();

interface Read extends Case {
  readonly rows: Rows;
  /** In ms after T. */
  readonly at: number;
  readonly statuses: Readonly<Partial<Record<Name, FeatureStatus>>>;
}

const READS: readonly Read[] = [
  {
    name: 'at its ttl a value is there, to the millisecond',
    rows: { day: 0 },
    at: DAY,
    statuses: { day: 'PRESENT' },
  },
  {
    name: 'a millisecond later it is not, swept or not',
    rows: { day: 0 },
    at: DAY + 1,
    statuses: { day: 'NOT_FOUND' },
  },
  {
    name: 'a view past its ttl takes no other view of the key with it',
    rows: { day: 0, days: 0, ever: 0 },
    at: DAY + 1,
    statuses: { day: 'NOT_FOUND', days: 'STALE', ever: 'PRESENT' },
  },
  {
    name: 'a fresh view does not keep an old one of the key alive',
    rows: { day: -DAY, day2: 0, ever: 0 },
    at: 1,
    statuses: { day: 'NOT_FOUND', day2: 'PRESENT', ever: 'PRESENT' },
  },
  {
    name: 'two versions expire by their own ttl',
    rows: { day: 0, day2: 0 },
    at: 2 * DAY,
    statuses: { day: 'NOT_FOUND', day2: 'PRESENT' },
  },
  {
    name: 'age is that of the event, not of the write',
    rows: { day: -DAY + HOUR, day2: -DAY + HOUR },
    at: HOUR + 1,
    statuses: { day: 'NOT_FOUND', day2: 'PRESENT' },
  },
  {
    name: 'without a ttl a value stays',
    rows: { ever: -3_000 * DAY },
    at: 3_000 * DAY,
    statuses: { ever: 'PRESENT' },
  },
];

defineRule<Read, OnlineWorld>(
  {
    rule: 15,
    open: world,
    async check({ name, rows, at, statuses }, online) {
      await put(online, name, rows);
      const names = Object.keys(statuses) as Name[];
      const { columns } = await createOnlineFeatures({ online: online.store() }).read({
        features: names.map((each) => featureOf(VIEWS[each])),
        entities: { customer_id: [name] },
        stalePolicy: 'RETURN',
        now: T + at,
      });
      expect(Object.fromEntries(columns.map((column, index) => [names[index], column.statuses[0]]))).toEqual(statuses);
    },
  },
  READS,
);

const featureOf = (view: View) => {
  const [feature] = view.features;
  if (!feature) throw new Error(`${view.id} has no features`);
  return { view, feature, index: 0, reference: `${view.id}:${feature.name}` };
};

interface KeyLife extends Case {
  /** Written one after the other. */
  readonly writes: readonly Rows[];
  readonly deletes?: Name;
  /** When Redis forgets the key, in ms after T; null: never. */
  readonly until: number | null;
}

const LIVES: readonly KeyLife[] = [
  { name: 'a key lives as long as its one field', writes: [{ day: 0 }], until: DAY + 1 },
  { name: 'a key lives as long as its longest field', writes: [{ day: 0, days: 0 }], until: 5 * DAY + 1 },
  {
    name: 'a shorter field that comes later does not shorten it',
    writes: [{ days: 0 }, { day: 0 }],
    until: 5 * DAY + 1,
  },
  { name: 'a newer row lengthens it', writes: [{ day: -HOUR }, { day: 0 }], until: DAY + 1 },
  { name: 'a field without a ttl keeps the key for ever', writes: [{ day: 0 }, { ever: 0 }], until: null },
  { name: 'for ever whatever comes after', writes: [{ ever: 0 }, { day: 0 }], until: null },
  {
    name: 'the key of a deleted longest field lives as long as what is left',
    writes: [{ day: 0, days: 0 }],
    deletes: 'days',
    until: DAY + 1,
  },
  {
    name: 'without the field that had no ttl the key ends again',
    writes: [{ day2: 0, ever: 0 }],
    deletes: 'ever',
    until: 2 * DAY + 1,
  },
];

/** Redis counts the life of a key by its own clock; ours stood still while the case ran. */
const SLACK = 60_000;

defineRule<KeyLife, OnlineWorld>(
  {
    rule: 15,
    open: world,
    async check({ name, writes, deletes, until }, online) {
      for (const rows of writes) await put(online, name, rows);
      if (deletes) await online.store().deleteView(VIEWS[deletes]);
      const left = await online.raw.pttl(redisKey(online, 'customer', name));
      if (until === null) expect(left).toBe(-1);
      else {
        expect(left).toBeLessThanOrEqual(until);
        expect(left).toBeGreaterThan(until - SLACK);
      }
    },
  },
  LIVES,
);

interface Removal extends Case {
  readonly rows: Rows;
  /** Sweeps at this instant (ms after T), or deletes this view. */
  readonly does: { readonly sweepAt: number } | { readonly deletes: Name };
  /** Fields that are left. */
  readonly left: readonly string[];
}

const ALL: Rows = { day: 0, day2: 0, days: 0, ever: 0, daylike: 0 };
const REMOVALS: readonly Removal[] = [
  { name: 'a sweep at the ttl leaves the field', rows: { day: 0 }, does: { sweepAt: DAY }, left: ['day@1'] },
  { name: 'a sweep after the ttl removes field and key', rows: { day: 0 }, does: { sweepAt: DAY + 1 }, left: [] },
  {
    name: 'a sweep removes each field by its own ttl',
    rows: ALL,
    does: { sweepAt: 2 * DAY + 1 },
    left: ['daylike@1', 'days@1', 'ever@1'],
  },
  {
    name: 'deleting a version leaves the other versions and views whose names begin alike',
    rows: ALL,
    does: { deletes: 'day' },
    left: ['day@2', 'daylike@1', 'days@1', 'ever@1'],
  },
  {
    name: 'deleting the newest version leaves the older one',
    rows: ALL,
    does: { deletes: 'day2' },
    left: ['day@1', 'daylike@1', 'days@1', 'ever@1'],
  },
  {
    name: 'deleting the only version of a key removes the key',
    rows: { ever: 0 },
    does: { deletes: 'ever' },
    left: [],
  },
];

defineRule<Removal, OnlineWorld>(
  {
    rule: 15,
    open: world,
    async check({ name, rows, does, left }, online) {
      await put(online, name, rows);
      // Of another entity, with fields of the same names: never touched.
      const other = { ...VIEWS.day, entity: pair };
      await online.store().write(other, [testRow({ key: [name, 'D1'], eventTime: T, availableAt: T })]);
      if ('deletes' in does) await online.store().deleteView(VIEWS[does.deletes]);
      else await online.store().sweep(T + does.sweepAt, new AbortController().signal);
      expect(await fieldsOf(online, name)).toEqual(left);
      const swept = 'sweepAt' in does && does.sweepAt > DAY;
      expect(await online.raw.hkeys(redisKey(online, 'pair', name, 'D1'))).toEqual(swept ? [] : ['day@1']);
    },
  },
  REMOVALS,
);
