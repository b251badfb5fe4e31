import { randomUUID } from 'node:crypto';
import { type ClickHouseClient, ClickHouseLogLevel, type ClickHouseSettings, createClient } from '@clickhouse/client';
import { raw, type Sql } from '../core/definitions/sql.js';
import type { OfflineQuery } from '../core/ports/offline.js';
import type { Log, Metrics } from '../core/ports/process.js';
import { offlineFailure } from './failures.js';
import { guardedBytes } from './stream-guard.js';

/** Seconds after which a query is stopped by the server; the only stop that the embedded store has. */
export const DEFAULT_LIMIT_SECONDS = 600;

export interface QueryOptions {
  readonly settings?: ClickHouseSettings;
  readonly signal?: AbortSignal;
}

/** Queries with a label: the same word in the log, in the metrics and in front of the query's id. */
export interface ClickHouse extends OfflineQuery {
  /** The stock client, for what this wrapper does not do. Its defaults are the same. */
  readonly clickhouse: ClickHouseClient;
  /** DDL and INSERT … SELECT. */
  run(label: string, statement: Sql, options?: QueryOptions): Promise<void>;
  /** Small results, as objects. 64-bit integers and decimals are strings. */
  rows<Row>(label: string, select: Sql, options?: QueryOptions): Promise<Row[]>;
  /** The whole answer in a format, chunk by chunk; fails where the server broke off in the middle. */
  bytes(label: string, select: Sql, format: string, options?: QueryOptions): AsyncIterable<Buffer>;
  /** Rows as arrays in the order of `columns`. */
  insert(
    label: string,
    into: { readonly table: string; readonly columns: readonly [string, ...string[]] },
    rows: readonly (readonly unknown[])[],
    options?: QueryOptions,
  ): Promise<void>;
  createDatabase(name: string): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface ClickHouseOptions {
  readonly url: string;
  readonly database: string;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly limitSeconds?: number;
}

/** One client for the process; whoever opens it closes it. Failures are RiskgraphErrors: see `offlineFailure`. */
export function openClickHouse({ url, database, log, metrics, ...more }: ClickHouseOptions): ClickHouse {
  const limitSeconds = more.limitSeconds ?? DEFAULT_LIMIT_SECONDS;
  const server = withoutDatabase(url);
  const clickhouse = createClient({
    url: server,
    database,
    application: 'riskgraph',
    // The server gives up first, so that its own words arrive.
    request_timeout: (limitSeconds + 30) * 1000,
    max_open_connections: 16,
    // A write on a connection that the server has just closed would fail without a word of why.
    keep_alive: { eagerly_destroy_stale_sockets: true },
    // What matters of a failure is logged here, with its label.
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: {
      output_format_json_quote_64bit_integers: 1,
      output_format_json_quote_decimals: 1,
      join_use_nulls: 1,
      date_time_input_format: 'best_effort',
      max_execution_time: limitSeconds,
    },
  });

  async function observed<T>(label: string, body: (queryId: string) => Promise<T>, signal?: AbortSignal): Promise<T> {
    // The client looks at a signal only once the request is on its way.
    signal?.throwIfAborted();
    const queryId = `${label}-${randomUUID()}`;
    const started = performance.now();
    let outcome = 'ok';
    try {
      return await body(queryId);
    } catch (error) {
      outcome = signal?.aborted ? 'aborted' : 'failed';
      if (signal?.aborted) throw signal.reason;
      log.warn({ label, queryId, err: error }, 'offline query failed');
      throw offlineFailure(error, label);
    } finally {
      const seconds = (performance.now() - started) / 1000;
      metrics.observe('offline_query_seconds', seconds, { label, outcome });
      log.debug({ label, queryId, seconds, outcome }, 'offline query');
    }
  }

  const request = (statement: Sql, queryId: string, options: QueryOptions) => {
    const { query, params } = statement.render();
    return {
      query,
      query_params: { ...params },
      query_id: queryId,
      ...(options.settings && { clickhouse_settings: options.settings }),
      ...(options.signal && { abort_signal: options.signal }),
    };
  };

  return {
    clickhouse,
    run: (label, statement, options = {}) =>
      observed(
        label,
        async (queryId) => {
          await clickhouse.command(request(statement, queryId, options));
        },
        options.signal,
      ),
    rows: (label, select, options = {}) =>
      observed(
        label,
        async (queryId) => {
          const result = await clickhouse.query({ ...request(select, queryId, options), format: 'JSONEachRow' });
          return result.json();
        },
        options.signal,
      ),
    select: ({ label, query, params, signal }) =>
      observed(
        label,
        async (queryId) => {
          const result = await clickhouse.query({
            query,
            query_params: { ...params },
            query_id: queryId,
            format: 'JSONEachRow',
            ...(signal && { abort_signal: signal }),
          });
          return result.json<Record<string, unknown>>();
        },
        signal,
      ),
    async *bytes(label, select, format, options = {}) {
      options.signal?.throwIfAborted();
      const queryId = `${label}-${randomUUID()}`;
      const started = performance.now();
      let outcome = 'failed';
      try {
        const params = request(select, queryId, options);
        const result = await clickhouse.exec({ ...params, query: `${params.query}\nFORMAT ${format}` });
        yield* guardedBytes(result.stream, result.response_headers);
        outcome = 'ok';
      } catch (error) {
        if (options.signal?.aborted) throw options.signal.reason;
        log.warn({ label, queryId, err: error }, 'offline query failed');
        throw offlineFailure(error, label);
      } finally {
        const seconds = (performance.now() - started) / 1000;
        metrics.observe('offline_query_seconds', seconds, { label, outcome });
        log.debug({ label, queryId, seconds, outcome }, 'offline stream');
      }
    },
    insert: (label, { table, columns }, rows, options = {}) =>
      observed(
        label,
        async (queryId) => {
          if (rows.length === 0) return;
          await clickhouse.insert({
            table,
            columns: [...columns],
            values: rows,
            format: 'JSONCompactEachRow',
            query_id: queryId,
            ...(options.settings && { clickhouse_settings: options.settings }),
            ...(options.signal && { abort_signal: options.signal }),
          });
        },
        options.signal,
      ),
    createDatabase: (name) =>
      observed('create-database', async (queryId) => {
        // The client's own database may not be there yet, and every other request names it.
        const opener = createClient({ url: server, database: 'default' });
        try {
          const statement = raw(`CREATE DATABASE IF NOT EXISTS \`${name.replace(/[`\\]/g, '\\$&')}\` ENGINE = Atomic`);
          await opener.command({ query: statement.render().query, query_id: queryId });
        } finally {
          await opener.close();
        }
      }),
    ping: () =>
      observed('ping', async () => {
        const answer = await clickhouse.ping();
        if (!answer.success) throw answer.error;
      }),
    close: () => clickhouse.close(),
  };
}

/** A path in the URL would name a database in place of ours, and that of a server without it would refuse to make it. */
function withoutDatabase(url: string): string {
  const server = new URL(url);
  server.pathname = '/';
  return server.href;
}
