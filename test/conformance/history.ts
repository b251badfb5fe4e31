/**
 * Cases of the point-in-time rules: rows of a view's history, and what is asked of them. All cases of a file live in one database under keys of
 * their own, and are answered by one join, one training set and one round trip of Redis a view.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { expect } from 'vitest';
import { defineEntity, int32, raw, string } from '../../src/core/definitions/define.js';
import type { View } from '../../src/core/definitions/definitions.js';
import type { FeatureStatus, FeatureValue, StalePolicy } from '../../src/core/definitions/types.js';
import { DAY, formatInstant, type Instant } from '../../src/core/helpers/time.js';
import type { OfflineReader, ViewRow } from '../../src/core/ports/offline.js';
import type { TrainingSetBuilder } from '../../src/core/ports/training-sets.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis, type RedisConnection } from '../../src/online/redis.js';
import { createOnlineFeatures, MAX_ROWS } from '../../src/serving/online-features.js';
import { load } from '../offline/schedules.js';
import { openOffline, refsOf, viewOf } from '../offline/support.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { freshHome } from '../support/homes.js';
import { freshRedis } from '../support/stores.js';
import type { Case } from './conformance.js';

const BASE = Date.UTC(2026, 2, 1);

/** An instant of the cases: so many days, and milliseconds, after a common start. */
export const day = (days: number, ms = 0): Instant => BASE + days * DAY + ms;

const one = defineEntity({ name: 'one', joinKeys: ['id'], description: 'One key' });
const two = defineEntity({ name: 'two', joinKeys: ['left_id', 'right_id'], description: 'Two keys' });
const amount = int32({ description: 'The newest row decides' });
const note = string({ description: 'Text' });
const kept = int32({ description: 'Its newest value is kept', fill: 'last_known' });
const query = () => raw('SELECT 1');

export const VIEWS = {
  /** Values that never grow old. */
  plain: viewOf('plain', 1, { entity: one, features: { amount, note }, query }),
  /** The same under its next version, with a feature more. */
  plain2: viewOf('plain', 2, { entity: one, features: { amount, note, kept }, query }),
  /** STALE after two days, gone after five. */
  aging: viewOf('aging', 1, { entity: one, features: { amount, kept }, query, maxAge: '2d', ttl: '5d' }),
  /** Gone after five days, never STALE. */
  dying: viewOf('dying', 1, { entity: one, features: { amount }, query, ttl: '5d' }),
  /** STALE after two days, never gone. */
  tiring: viewOf('tiring', 1, { entity: one, features: { amount }, query, maxAge: '2d' }),
  /** `kept` is filled with its last known value. */
  filled: viewOf('filled', 1, { entity: one, features: { amount, kept }, query }),
  pair: viewOf('pair', 1, { entity: two, features: { amount }, query }),
} as const satisfies Record<string, View>;

type ViewName = keyof typeof VIEWS;
type Key = string | null | readonly [string | null, string | null];

export interface HistoryRow {
  /** 'a' where it is not said; of `pair` both parts. */
  readonly key?: string | readonly [string, string];
  readonly at: Instant;
  /** When it became available: at once where it is not said. */
  readonly known?: Instant;
  /** Number of the run that wrote it, 1 where it is not said. */
  readonly run?: number;
  /** Without values the row is a tombstone. */
  readonly values?: Readonly<Record<string, number | string | null>>;
}

export type Answer = readonly [value: FeatureValue, status: FeatureStatus];

export interface Question {
  readonly key?: Key;
  readonly t: Instant;
  /** By feature. */
  readonly expected: Readonly<Record<string, Answer>>;
  /** Event time of the row in force; not looked at where it is not said. */
  readonly event?: Instant | null;
}

export interface HistoryCase extends Case {
  readonly view: ViewName;
  /** Its keys are taken as they are, and are no other case's. */
  readonly bare?: true;
  /** RETURN where it is not said. */
  readonly stalePolicy?: StalePolicy;
  readonly rows: readonly HistoryRow[];
  readonly asked: readonly Question[];
}

interface Answered {
  readonly features: Readonly<Record<string, Answer>>;
  readonly event: Instant | null;
}

type Paths = Readonly<Record<'historical' | 'trainingSet' | 'online', Answered>>;

export interface HistoryWorld {
  readonly answers: ReadonlyMap<Question, Paths>;
}

const partsOf = (key: Key | undefined): readonly (string | null)[] => {
  if (key === undefined) return ['a'];
  return typeof key === 'string' || key === null ? [key] : key;
};

interface Placed {
  readonly question: Question;
  readonly stalePolicy: StalePolicy;
  readonly key: readonly (string | null)[];
  /** In Redis, where a case that is asked at several instants lives once for each. */
  readonly onlineKey: readonly (string | null)[];
}

const placedKey = ({ bare }: HistoryCase, prefix: string, parts: readonly (string | null)[]) =>
  parts.map((part, index) => (part === null || bare || index > 0 ? part : `${prefix}~${part}`));

/** Loads the rows of all cases and answers all their questions, over each path. */
export async function openHistory(cases: readonly HistoryCase[]): Promise<HistoryWorld> {
  const fixture = await openOffline();
  const redis = await freshRedis();
  const connection = await openRedis({ url: redis.url, log: silentLog, purpose: 'serving' });
  const folder = await freshHome();
  const answers = new Map<Question, Paths>();
  try {
    for (const name of new Set(cases.map(({ view }) => view))) {
      const view: View = VIEWS[name];
      const own = cases.flatMap((each, index) => (each.view === name ? [{ each, index }] : []));
      await fixture.writers.createView(view);
      await load(
        fixture.store,
        view,
        own.flatMap(({ each, index }) =>
          each.rows.map(({ key, at, known = at, run = 1, values }) => ({
            key: placedKey(each, `${index}`, partsOf(key)) as string[],
            event: at,
            available: known,
            sequence: run,
            tombstone: values === undefined,
            values: Object.fromEntries(view.features.map((feature) => [feature.name, values?.[feature.name] ?? null])),
          })),
        ),
      );
      const placed = own.flatMap(({ each, index }) =>
        each.asked.map((question, number): Placed => {
          const parts = partsOf(question.key);
          return {
            question,
            stalePolicy: each.stalePolicy ?? 'RETURN',
            key: placedKey(each, `${index}`, parts),
            onlineKey: placedKey(each, `${index}.${number}`, parts),
          };
        }),
      );
      for (const stalePolicy of new Set(placed.map((each) => each.stalePolicy))) {
        const some = placed.filter((each) => each.stalePolicy === stalePolicy);
        const { offline, sets } = fixture;
        const asked = { offline, sets, view, placed: some, stalePolicy };
        const historical = await historicalAnswers(asked);
        const files = await trainingSetAnswers(asked, join(folder, 'set.parquet'));
        const online = await onlineAnswers(asked, connection);
        some.forEach(({ question }, index) => {
          answers.set(question, {
            historical: historical[index] as Answered,
            trainingSet: files[index] as Answered,
            online: online[index] as Answered,
          });
        });
      }
    }
  } finally {
    await connection.close();
    await redis.close();
    await fixture.close();
    await rm(folder, { recursive: true, force: true });
  }
  return { answers };
}

const spineOf = (view: View, placed: readonly Placed[]) => ({
  ...Object.fromEntries(view.entity.joinKeys.map((name, part) => [name, placed.map(({ key }) => key[part] ?? null)])),
  event_timestamp: placed.map(({ question }) => formatInstant(question.t)),
});

interface Asked {
  readonly offline: OfflineReader;
  readonly sets: TrainingSetBuilder;
  readonly view: View;
  readonly placed: readonly Placed[];
  readonly stalePolicy: StalePolicy;
}

async function historicalAnswers({ offline, view, placed, stalePolicy }: Asked): Promise<Answered[]> {
  const { columns, rows } = await offline.historicalFeatures({
    features: refsOf(view),
    spine: spineOf(view, placed),
    includeEventTimes: true,
    includeStatuses: true,
    stalePolicy,
  });
  const named = rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index] as unknown])));
  return named.map((row) => answeredOf(view, row));
}

async function trainingSetAnswers({ sets, view, placed, stalePolicy }: Asked, path: string): Promise<Answered[]> {
  await sets.build({
    id: view.id,
    features: refsOf(view),
    spine: spineOf(view, placed),
    label: null,
    path,
    entities: new Map([[view.entity.name, view.entity]]),
    asOf: day(10_000),
    includeEventTimes: true,
    format: 'PARQUET',
    onProgress: async () => undefined,
    signal: new AbortController().signal,
    includeStatuses: true,
    stalePolicy,
  });
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });
  return rows.map((row) => answeredOf(view, row));
}

/** Columns of a view named as historicalFeatures and training sets name them. */
function answeredOf(view: View, row: Readonly<Record<string, unknown>>): Answered {
  const first = `${view.name}__${view.features[0]?.name}__event_time`;
  const event = row[first] as string | Date | null;
  return {
    event: event === null ? null : new Date(event).getTime(),
    features: Object.fromEntries(
      view.features.map(({ name }) => {
        const column = `${view.name}__${name}`;
        return [name, [row[column] as FeatureValue, row[`${column}__status`] as FeatureStatus]];
      }),
    ),
  };
}

/** Puts into Redis what materialize would: of each key the row in force at the instant it is asked at. */
async function onlineAnswers(
  { offline, view, placed, stalePolicy }: Asked,
  { client }: RedisConnection,
): Promise<Answered[]> {
  const clock = { now: 0 };
  const online = createOnlineStore({
    client,
    prefix: 'conformance',
    clock: () => clock.now,
    log: silentLog,
    metrics: noMetrics,
  });
  const features = createOnlineFeatures({ online });
  const answers = new Map<Placed, Answered>();
  for (const t of new Set(placed.map(({ question }) => question.t))) {
    clock.now = t;
    const asked = placed.filter(({ question }) => question.t === t);
    const whole = asked.filter(({ key }) => key.every((part) => part !== null));
    const found = await offline.rowsAt(
      view,
      t,
      whole.map(({ key }) => key as string[]),
    );
    const rows = found.flatMap((row, index): ViewRow[] =>
      row === null ? [] : [{ ...row, key: whole[index]?.onlineKey as string[] }],
    );
    // In good time: a row that is written in the last millisecond of its ttl is gone from Redis before it can be asked for.
    clock.now = day(-1);
    await online.write(view, rows);
    clock.now = t;
    for (let from = 0; from < asked.length; from += MAX_ROWS) {
      const some = asked.slice(from, from + MAX_ROWS);
      const entities = Object.fromEntries(
        view.entity.joinKeys.map((name, part) => [name, some.map(({ onlineKey }) => onlineKey[part] ?? null)]),
      );
      const answer = await features.read({ features: refsOf(view), entities, stalePolicy, now: t });
      some.forEach((each, index) => {
        answers.set(each, {
          event: answer.views[0]?.eventTimes[index] ?? null,
          features: Object.fromEntries(
            view.features.map(({ name }, number) => {
              const column = answer.columns[number];
              return [name, [column?.values[index] as FeatureValue, column?.statuses[index] as FeatureStatus]];
            }),
          ),
        });
      });
    }
  }
  return placed.map((each) => answers.get(each) as Answered);
}

/** Every question of the case is answered as expected, on every path. */
export function checkHistory({ asked }: HistoryCase, { answers }: HistoryWorld): void {
  for (const question of asked) {
    const paths = answers.get(question) as Paths;
    for (const [path, { features, event }] of Object.entries(paths)) {
      const where = `${path} at ${formatInstant(question.t)}`;
      for (const [name, [value, status]] of Object.entries(question.expected)) {
        const [given, said] = features[name] as Answer;
        expect(given, `${where}: value of ${name}`).toBe(value);
        expect(said, `${where}: status of ${name}`).toBe(status);
      }
      if (question.event !== undefined) expect(event, `${where}: event time`).toBe(question.event);
    }
  }
}
