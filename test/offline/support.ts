/** An offline store on a database of its own, and views without files. */
import { defineFeatureView, type FeatureViewSpec } from '../../src/core/definitions/define.js';
import type { FeatureRef, View } from '../../src/core/definitions/definitions.js';
import { Sql } from '../../src/core/definitions/sql.js';
import { BusinessCalendar, parseDuration } from '../../src/core/helpers/time.js';
import type { OfflineStore } from '../../src/core/ports/offline.js';
import type { Log, Metrics } from '../../src/core/ports/process.js';
import { createOfflineStore } from '../../src/offline/store.js';
import { type ClickHouse, openClickHouse } from '../../src/warehouse/client.js';
import { freshClickHouseDatabase } from '../support/stores.js';

const silent = () => undefined;
export const quiet: Log = { debug: silent, info: silent, warn: silent, error: silent };
export const unmeasured: Metrics = { count: silent, observe: silent, gauge: silent };

export interface OfflineFixture {
  readonly store: ClickHouse;
  readonly offline: OfflineStore;
  readonly calendar: BusinessCalendar;
  close(): Promise<void>;
}

export async function openOffline(timezone = 'Asia/Shanghai'): Promise<OfflineFixture> {
  const database = await freshClickHouseDatabase();
  const store = openClickHouse({ url: database.url, database: database.database, log: quiet, metrics: unmeasured });
  const calendar = new BusinessCalendar(timezone);
  return {
    store,
    calendar,
    offline: offlineOn(store, calendar),
    async close() {
      await store.close();
      await database.close();
    },
  };
}

export const offlineOn = (store: ClickHouse, calendar: BusinessCalendar): OfflineStore =>
  createOfflineStore({ store, calendar, guard: { check: async (sql) => sql }, log: quiet });

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
    origin: { kind: 'query', query },
    name,
    version,
    id: `${name}@${version}`,
    file: `features/${name}.v${version}.view.ts`,
    hash: `hash of ${name}@${version}`,
    tags: definition.tags ?? [],
    features: Object.entries(definition.features).map(([feature, options]) => ({ ...options, name: feature })),
    delayMs: parseDuration(definition.schedule.delay),
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
