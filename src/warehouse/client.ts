import { Readable } from 'node:stream';
import { ClickHouseLogLevel, type ClickHouseSettings, createClient } from '@clickhouse/client';
import { ident, type RenderedSql, type Sql, sql } from '../core/definitions/sql.js';
import type { OfflineQuery } from '../core/ports/offline.js';
import type { Log, Metrics } from '../core/ports/process.js';
import { observe, observeStream } from './observe.js';
import { guardedBytes } from './stream-guard.js';

/** Seconds after which the server stops a statement; the embedded store has no other stop. */
export const DEFAULT_LIMIT_SECONDS = 600;

/** A ping that takes longer is no answer; the connection that it waits on is given up. */
const PING_MS = 10_000;

export interface QueryOptions {
  readonly settings?: ClickHouseSettings;
  /** Ends the wait for the answer with the signal's reason. The server goes on with a statement that writes. */
  readonly signal?: AbortSignal | undefined;
  /** A refusal is an answer, as to SQL that a caller wrote or to a try: no warning in the log of the platform. */
  readonly refusalIsAnswer?: boolean;
}

/**
 * Statements with a label: the same word in the log, in the metric `clickhouse_query_seconds` and in front of the query's id. Each has a limit
 * and can be cancelled; its failures are RiskgraphErrors, see `statementFailure`.
 */
export interface ClickHouse extends OfflineQuery {
  /** Runs DDL or INSERT … SELECT. */
  run(label: string, statement: Sql, options?: QueryOptions): Promise<void>;
  /** Reads a small result as objects. 64-bit integers and decimals are strings. */
  rows<Row>(label: string, select: Sql, options?: QueryOptions): Promise<Row[]>;
  /** Reads a small result as arrays in the order of the SELECT; many rows take less time this way than as objects. */
  tuples<Row>(label: string, select: Sql, options?: QueryOptions): Promise<Row[]>;
  /** Reads the whole answer in a format, chunk by chunk; fails where the server breaks off in the middle. */
  bytes(label: string, select: Sql, format: string, options?: QueryOptions): AsyncIterable<Buffer>;
  /** Writes rows, which are arrays in the order of `columns`. */
  insert(
    label: string,
    into: { readonly table: string; readonly columns: readonly [string, ...string[]] },
    rows: readonly (readonly unknown[])[],
    options?: QueryOptions,
  ): Promise<void>;
  /** Writes a body in the format that the INSERT names at its end. */
  insertBytes(label: string, insert: Sql, body: Buffer, options?: QueryOptions): Promise<void>;
  createDatabase(name: string): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface ClickHouseOptions {
  readonly url: string;
  readonly database: string;
  readonly log: Log;
  readonly metrics: Metrics;
  /** `max_execution_time` of each statement that sets none of its own. */
  readonly limitSeconds?: number;
  /** How long the client waits for bytes of an answer. By default longer than the limit, so that the server gives up first and says why. */
  readonly patienceMs?: number;
  /** Most requests at once; others wait. */
  readonly connections?: number;
}

/** Opens a client, which the caller closes: one for the platform, and one for SQL of callers. */
export function openClickHouse({
  url,
  database,
  log,
  metrics,
  limitSeconds = DEFAULT_LIMIT_SECONDS,
  patienceMs = (limitSeconds + 30) * 1000,
  connections = 16,
}: ClickHouseOptions): ClickHouse {
  const server = withoutDatabase(url);
  const clickhouse = createClient({
    url: server,
    database,
    application: 'riskgraph',
    request_timeout: patienceMs,
    max_open_connections: connections,
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
      // A compiled conversion of a decimal wraps what an INT32 cannot hold; the server compiles an expression once it has run a few times.
      compile_expressions: 0,
      // A copy of the rows in another order spares a statement that reads few days, and costs one that reads many its order: who reads few days asks for it.
      optimize_use_projections: 0,
      // What nobody waits for any more need not be read to its end.
      cancel_http_readonly_queries_on_client_close: 1,
    },
  });

  const observer = { log, metrics };
  const observed = <T>(
    { label, statement, options = {} }: Observation,
    body: (queryId: string) => Promise<T>,
  ): Promise<T> => observe({ ...observer, ...options, label, statement }, body);

  const request = (statement: Sql, queryId: string, { settings, signal }: QueryOptions) => {
    const { query, params } = statement.render();
    return {
      query,
      query_params: { ...params },
      query_id: queryId,
      ...(settings && { clickhouse_settings: settings }),
      ...(signal && { abort_signal: signal }),
    };
  };

  const read = <Row>(
    format: 'JSONEachRow' | 'JSONCompactEachRow',
    label: string,
    select: Sql,
    options: QueryOptions = {},
  ): Promise<Row[]> =>
    observed({ label, statement: textOf(select), options }, async (queryId) => {
      const result = await clickhouse.query({ ...request(select, queryId, options), format });
      return result.json<Row>();
    });

  return {
    run: (label, statement, options = {}) =>
      observed({ label, statement: textOf(statement), options }, async (queryId) => {
        await clickhouse.command(request(statement, queryId, options));
      }),
    rows: (label, select, options) => read('JSONEachRow', label, select, options),
    tuples: (label, select, options) => read('JSONCompactEachRow', label, select, options),
    select: ({ label, query, params, signal }) =>
      observed({ label, statement: () => ({ query, params }), options: { signal } }, async (queryId) => {
        const result = await clickhouse.query({
          query,
          query_params: { ...params },
          query_id: queryId,
          format: 'JSONEachRow',
          ...(signal && { abort_signal: signal }),
        });
        return result.json<Record<string, unknown>>();
      }),
    bytes: (label, select, format, options = {}) =>
      observeStream({ ...observer, ...options, label, statement: textOf(select) }, async (queryId) => {
        const params = request(select, queryId, options);
        const result = await clickhouse.exec({ ...params, query: `${params.query}\nFORMAT ${format}` });
        return guardedBytes(result.stream, result.response_headers);
      }),
    insert: (label, { table, columns }, rows, options = {}) =>
      observed({ label, statement: namesOnly(`${table} ${columns.join(' ')}`), options }, async (queryId) => {
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
      }),
    insertBytes: (label, insert, body, options = {}) =>
      observed({ label, statement: textOf(insert), options }, async (queryId) => {
        const values = Readable.from([body], { objectMode: false });
        const { stream } = await clickhouse.exec({ ...request(insert, queryId, options), values });
        for await (const _ of stream) {
          // An INSERT answers nothing; its end is what is waited for.
        }
      }),
    createDatabase: (name) =>
      observed({ label: 'create-database', statement: namesOnly(name) }, async (queryId) => {
        // The client's own database may not be there yet, and every other request names it.
        const opener = createClient({ url: server, database: 'default' });
        try {
          const { query } = sql`CREATE DATABASE IF NOT EXISTS ${ident(name)} ENGINE = Atomic`.render();
          await opener.command({ query, query_id: queryId });
        } finally {
          await opener.close();
        }
      }),
    ping: () =>
      observed({ label: 'ping', statement: namesOnly('') }, async () => {
        const answer = await clickhouse.ping({ select: false, abort_signal: AbortSignal.timeout(PING_MS) });
        if (!answer.success) throw answer.error;
      }),
    close: () => clickhouse.close(),
  };
}

interface Observation {
  readonly label: string;
  readonly statement: () => RenderedSql;
  readonly options?: QueryOptions;
}

const textOf = (statement: Sql) => (): RenderedSql => statement.render();
const namesOnly = (query: string) => (): RenderedSql => ({ query, params: {} });

/** A path in the URL would name a database in place of ours, and that of a server without it would refuse to make it. */
function withoutDatabase(url: string): string {
  const server = new URL(url);
  server.pathname = '/';
  return server.href;
}
