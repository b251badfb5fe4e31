/** An offline store on a database of its own, and views without files. */
import { Mask } from '../../src/core/compute/masking.js';
import { defineFeatureView, type FeatureViewSpec } from '../../src/core/definitions/define.js';
import type { FeatureRef, View } from '../../src/core/definitions/definitions.js';
import { Sql } from '../../src/core/definitions/sql.js';
import { BusinessCalendar, parseDuration } from '../../src/core/helpers/time.js';
import type { OfflineReader } from '../../src/core/ports/offline.js';
import type { OfflineWriters } from '../../src/core/ports/offline-writer.js';
import type { Log, Metrics } from '../../src/core/ports/process.js';
import type { TrainingSetBuilder } from '../../src/core/ports/training-sets.js';
import { createOfflineReader } from '../../src/offline/reader.js';
import { createTrainingSetBuilder, type TrainingSetBuilderOptions } from '../../src/offline/training/builder.js';
import { createOfflineWriters, type OfflineWritersOptions } from '../../src/offline/writer.js';
import { type ClickHouse, openClickHouse } from '../../src/warehouse/client.js';
import { createUserSql, type UserSql } from '../../src/warehouse/user-sql.js';
import { freshClickHouseDatabase } from '../support/stores.js';
import { TABLES } from '../support/tables.js';
import { type LeasedWrites, leasedWrites } from '../support/writes.js';

const silent = () => undefined;
/** The platform's own. */
export const MASK = new Mask(Buffer.alloc(32, 3), TABLES.personalColumns);

export const quiet: Log = { debug: silent, info: silent, warn: silent, error: silent };
export const unmeasured: Metrics = { count: silent, observe: silent, gauge: silent };

/** The ports over one store, and writes to its views that need no lease of the test's own. */
export interface OfflinePorts {
  readonly offline: OfflineReader;
  readonly writers: OfflineWriters;
  readonly writes: LeasedWrites;
  readonly sets: TrainingSetBuilder;
}

export interface OfflineFixture extends OfflinePorts {
  readonly store: ClickHouse;
  readonly calendar: BusinessCalendar;
  close(): Promise<void>;
}

export const openOffline = (timezone = 'Asia/Shanghai'): Promise<OfflineFixture> =>
  openOn(freshClickHouseDatabase, timezone);

/** @param make the database that it is opened on */
export async function openOn(make: typeof freshClickHouseDatabase, timezone: string): Promise<OfflineFixture> {
  const database = await make();
  const store = openClickHouse({ url: database.url, database: database.database, log: quiet, metrics: unmeasured });
  const calendar = new BusinessCalendar(timezone);
  return {
    store,
    calendar,
    ...offlineOn(store, calendar),
    async close() {
      await store.close();
      await database.close();
    },
  };
}

/** SQL of callers as it comes, which else is checked. */
export const unguarded = (store: ClickHouse): UserSql => ({
  ...createUserSql(store),
  check: (_key, body) => body({ store, guard: { check: async (text) => text } }),
});

/** @param more of training sets: the guard of their spine SQL, which else lets all through, and what a test makes small; of runs: how long single entities are sought */
export function offlineOn(
  store: ClickHouse,
  calendar: BusinessCalendar,
  {
    singlesSeconds,
    ...more
  }: Partial<Omit<TrainingSetBuilderOptions, 'store' | 'calendar'>> &
    Pick<OfflineWritersOptions, 'singlesSeconds'> = {},
): OfflinePorts {
  const common = { store, calendar, log: quiet };
  const writers = createOfflineWriters({ ...common, ...(singlesSeconds !== undefined && { singlesSeconds }) });
  return {
    offline: createOfflineReader(common),
    writers,
    writes: leasedWrites(writers),
    sets: createTrainingSetBuilder({ tables: TABLES, ...common, mask: MASK, userSql: unguarded(store), ...more }),
  };
}

export type ViewOverrides = Partial<FeatureViewSpec> & Pick<FeatureViewSpec, 'entity' | 'features' | 'query'>;

/** A view as the registry would make it of `<name>.v<version>.view.ts`. */
export function viewOf(name: string, version: number, spec: ViewOverrides & { readonly sources?: string[] }): View {
  const { sources = [], ...given } = spec;
  const definition = defineFeatureView({
    description: name,
    owner: 'tests',
    schedule: { every: 'day', delay: '2h' },
    ...given,
  });
  const { query, ...rest } = definition;
  return {
    ...rest,
    origin: { kind: 'query', tables: TABLES, query },
    name,
    version,
    id: `${name}@${version}`,
    file: `features/${name}.v${version}.view.ts`,
    hash: `hash of ${name}@${version}`,
    tags: definition.tags ?? [],
    features: Object.entries(definition.features).map(([feature, options]) => ({ ...options, name: feature })),
    delayMs: parseDuration(definition.schedule.delay),
    deadlineMs: definition.schedule.deadline === undefined ? null : parseDuration(definition.schedule.deadline),
    ttlMs: definition.ttl === undefined ? null : parseDuration(definition.ttl),
    maxAgeMs: definition.maxAge === undefined ? null : parseDuration(definition.maxAge),
    sources,
  };
}

export const refsOf = (view: View, names = view.features.map((feature) => feature.name)): FeatureRef[] =>
  names.map((name) => {
    const index = view.features.findIndex((feature) => feature.name === name);
    const feature = view.features[index];
    if (!feature) throw new Error(`${view.id} has no feature ${name}`);
    return { view, feature, index, reference: `${view.id}:${name}` };
  });

/** The store with the text of some of its queries changed: how a test plants a fault. */
export function tampered(store: ClickHouse, change: (text: string) => string): ClickHouse {
  const altered = (statement: Sql): Sql =>
    new Sql(statement.parts.map((part) => (typeof part === 'string' ? change(part) : part)));
  return {
    ...store,
    run: (label, statement, options) => store.run(label, altered(statement), options),
    bytes: (label, select, format, options) => store.bytes(label, altered(select), format, options),
  };
}

export async function collect<T>(batches: AsyncIterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}
