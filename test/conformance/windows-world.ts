/**
 * Windows over events as they are today: columns of a view's SQL, computed at the view's scheduled instants. Events are imported over HTTP, a
 * worker materializes, and both paths are asked through GraphQL.
 */
import { fileURLToPath } from 'node:url';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { expect, vi } from 'vitest';
import { HOUR } from '../../src/core/helpers/time.js';
import type { ImportResult } from '../../src/core/ports/sources.js';
import { type Api, startApi } from '../support/api.js';

/** The window features' definitions. */
const DEFINITIONS = fileURLToPath(new URL('../fixtures/windows', import.meta.url));

export const WINDOWS = { '1h': HOUR, '1d': 24 * HOUR, '7d': 168 * HOUR, '30d': 720 * HOUR } as const;
export type Window = keyof typeof WINDOWS;

/** Columns of the table events; instants in UTC ms. */
export interface Event {
  readonly event_id: string;
  readonly customer_id: string | null;
  readonly event_time: number;
  readonly device_id?: string;
  readonly event_type?: string;
  readonly amount?: string;
  readonly dwell_ms?: number;
  readonly latitude?: number;
  readonly page?: string;
  readonly ip?: string;
  readonly ingested_at?: number;
  readonly deleted?: 0 | 1;
}

const instant = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

/** As the import takes it. */
export const rowOf = ({ event_time, ingested_at, event_type = 'OPEN', ...rest }: Event): Record<string, unknown> => ({
  ...rest,
  event_type,
  event_time: instant(event_time),
  ...(ingested_at === undefined ? {} : { ingested_at: instant(ingested_at) }),
});

export const ndjson = (events: readonly Event[]): string =>
  events.map((event) => `${JSON.stringify(rowOf(event))}\n`).join('');

/** Values of one entity by feature; null where there is no row. */
export type Values = Readonly<Record<string, unknown>> | null;

export interface WindowsWorld {
  readonly api: Api;
  readonly clickhouse: ClickHouseClient;
  /** Full hours that are over: as-ofs of the views, an hour apart, oldest first. */
  readonly asOfs: readonly [number, number, number];
  send(body: NonNullable<RequestInit['body']>, headers: Readonly<Record<string, string>>): Promise<ImportResult>;
  /** The events as a first load of the past: known when they happened, unless they say otherwise. */
  load(events: readonly Event[]): Promise<ImportResult>;
  /** Those views, or all. */
  materialize(asOf: number, views?: readonly string[]): Promise<void>;
  /** What the online store answers now, by id. */
  online(view: string, ids: readonly string[]): Promise<ReadonlyMap<string, Values>>;
  /** What the history answers for an instant, by id. */
  history(view: string, ids: readonly string[], at: number): Promise<ReadonlyMap<string, Values>>;
  close(): Promise<void>;
}

export async function openWindows(): Promise<WindowsWorld> {
  const api = await startApi({ definitions: DEFINITIONS });
  await ok(api.graphql('admin', 'mutation { applyRegistry { problems } }'));
  const worker = await api.app.services.queue.startWorker({ services: api.app.services.worker });
  const clickhouse = createClient({ url: api.app.config.clickhouseUrl as string });
  const last = Math.floor(Date.now() / HOUR) * HOUR - HOUR;
  const keyOf = (view: string): string => (view.startsWith('device') ? 'device_id' : 'customer_id');
  const send: WindowsWorld['send'] = async (body, headers) => {
    const response = await api.fetch('ingest', '/import/events?history=true', { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    return (await response.json()) as ImportResult;
  };
  return {
    api,
    clickhouse,
    send,
    asOfs: [last - 2 * HOUR, last - HOUR, last],
    load: (events) => send(ndjson(events), { 'content-type': 'application/x-ndjson' }),
    async materialize(asOf, views) {
      const { materialize } = await ok<{ materialize: { id: string } }>(
        api.graphql(
          'admin',
          'mutation($asOf: DateTime, $views: [String!]) { materialize(asOf: $asOf, views: $views) { id } }',
          { asOf: instant(asOf), ...(views ? { views } : {}) },
        ),
      );
      const ended = async () => {
        const { job } = await ok<{ job: { state: string; error: string | null } }>(
          api.graphql('admin', 'query($id: ID!) { job(id: $id) { state error } }', { id: materialize.id }),
        );
        expect(job).toEqual({ state: 'COMPLETED', error: null });
      };
      await vi.waitFor(ended, { timeout: 120_000, interval: 100 });
    },
    async online(view, ids) {
      interface Answer {
        readonly onlineFeatures: {
          readonly columns: readonly { name: string; values: readonly unknown[]; statuses: readonly string[] }[];
        };
      }
      const { columns } = (
        await ok<Answer>(
          api.graphql(
            'admin',
            'query($view: [String!], $entities: JSONObject!) { onlineFeatures(features: $view, entities: $entities) { columns { name values statuses } } }',
            { view: [view], entities: { [keyOf(view)]: ids } },
          ),
        )
      ).onlineFeatures;
      return new Map(
        ids.map((id, row) => {
          if (columns.every(({ statuses }) => statuses[row] === 'NOT_FOUND')) return [id, null];
          return [id, Object.fromEntries(columns.map(({ name, values }) => [name.split(':')[1], values[row]]))];
        }),
      );
    },
    async history(view, ids, at) {
      interface Answer {
        readonly historicalFeatures: {
          readonly columns: readonly { name: string }[];
          readonly rows: readonly unknown[][];
        };
      }
      const { columns, rows } = (
        await ok<Answer>(
          api.graphql(
            'admin',
            'query($view: [String!], $spine: JSONObject!) { historicalFeatures(features: $view, spine: $spine) { columns { name } rows } }',
            { view: [view], spine: { [keyOf(view)]: ids, event_timestamp: ids.map(() => instant(at)) } },
          ),
        )
      ).historicalFeatures;
      const features = columns.flatMap(({ name }, column) =>
        name.includes('__') ? [[name.split('__')[1], column]] : [],
      );
      return new Map(
        ids.map((id, row) => {
          const values = features.map(([name, column]) => [name, rows[row]?.[column as number]]);
          return [id, values.every(([, value]) => value === null) ? null : Object.fromEntries(values)];
        }),
      );
    },
    async close() {
      await worker.close();
      await clickhouse.close();
      await api.close();
    },
  };
}

async function ok<T>(asked: ReturnType<Api['graphql']>): Promise<T> {
  const { data, errors } = await asked;
  expect(errors).toEqual([]);
  return data as T;
}
