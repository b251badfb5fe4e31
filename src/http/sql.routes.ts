/** SQL over the views of facts, for programs that speak ClickHouse's HTTP. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../core/ports/access.js';
import { MIS_LIMITS, MIS_SETTINGS, type MisReader } from '../core/ports/mis.js';
import { waitOf } from './deadlines.js';
import { guardedRoute, OPEN } from './route-access.js';

/** Of the exchange, and no settings. A session keeps nothing: a statement reads alone. */
const PROTOCOL = [
  ...['query', 'query_id', 'database', 'default_format', 'session_id', 'session_timeout', 'session_check', 'quota_key'],
  ...['compress', 'decompress', 'enable_http_compression', 'http_zlib_compression_level', 'wait_end_of_query'],
  ...['buffer_size', 'send_progress_in_http_headers', 'http_headers_progress_interval_ms', 'client_protocol_version'],
  ...['stacktrace', 'readonly', 'log_comment', 'cancel_http_readonly_queries_on_client_close'],
];

const SETTINGS = [...MIS_SETTINGS, ...Object.keys(MIS_LIMITS)];

const sqlRoute = (method: 'GET' | 'POST') =>
  guardedRoute(
    method,
    '/sql',
    { roles: ['admin', 'modeler', 'bi'], audit: true, basic: true, withinRights: true, clickhouse: true },
    // A statement may name what a filter keeps.
    { query: [...PROTOCOL, ...SETTINGS], personal: ['query'] },
  );

export const SQL_ROUTES = [sqlRoute('GET'), sqlRoute('POST')];

/** Bytes of a statement; a longer one is refused by its characters. */
const BODY_LIMIT = 1024 * 1024;

const TYPES: Readonly<Record<string, string>> = {
  JSON: 'application/json; charset=utf-8',
  JSONEachRow: 'application/x-ndjson; charset=utf-8',
  CSV: 'text/csv; charset=utf-8; header=absent',
  CSVWithNames: 'text/csv; charset=utf-8; header=present',
  Parquet: 'application/vnd.apache.parquet',
  Native: 'application/octet-stream',
  Arrow: 'application/octet-stream',
  ArrowStream: 'application/octet-stream',
};

type Sent = Readonly<Record<string, string | readonly string[]>>;

const oneOf = (sent: Sent, name: string): string | undefined => {
  const value = sent[name];
  return typeof value === 'string' ? value : value?.at(-1);
};

const settingsIn = (sent: Sent): Readonly<Record<string, string>> =>
  Object.fromEntries(
    SETTINGS.flatMap((name) => {
      const value = oneOf(sent, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );

export interface SqlRoutesOptions {
  readonly mis: Pick<MisReader, 'read'>;
}

/**
 * `/sql` takes one SELECT, as text of the body, of `query`, or of both together, as ClickHouse does. Statements wait for each other where SQL of callers runs, and
 * keep no place of the requests that this process works on.
 */
export async function registerSql(server: FastifyInstance, { mis }: SqlRoutesOptions): Promise<void> {
  const send = async (request: FastifyRequest, reply: FastifyReply) => {
    const sent = request.query as Sent;
    const text = [oneOf(sent, 'query') ?? '', typeof request.body === 'string' ? request.body : ''];
    const { keyId, rows: rights = [] } = request.caller as Caller;
    const { format, body } = await mis.read({
      text: text.join('\n'),
      format: oneOf(sent, 'default_format') || String(request.headers['x-clickhouse-format'] ?? 'TabSeparated'),
      settings: settingsIn(sent),
      caller: { keyId, rights },
      signal: waitOf(request),
    });
    return reply
      .header('x-clickhouse-format', format)
      .header('x-clickhouse-query-id', oneOf(sent, 'query_id') || randomUUID())
      .header('x-clickhouse-timezone', 'UTC')
      .header('x-clickhouse-server-display-name', 'riskgraph')
      .type(TYPES[format] ?? 'text/plain; charset=utf-8')
      .send(Readable.from(body, { objectMode: false }));
  };
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: BODY_LIMIT }, (_request, body, done) =>
      done(null, body),
    );
    for (const route of SQL_ROUTES) scope.route({ ...route, bodyLimit: BODY_LIMIT, handler: send });
    scope.get('/sql/ping', OPEN, async () => 'Ok.\n');
  });
}
