/** One HTTP request of ClickHouse's protocol, taken apart. */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { Params } from './chdb-native.js';
import { ServerError } from './clickhouse-errors.js';

export interface Request {
  /** The query of the URL; the body follows it, as data or as the rest of the text. */
  readonly query: string;
  readonly queryId: string;
  readonly database: string;
  readonly params: Params;
  readonly settings: Readonly<Record<string, string>>;
  readonly defaultFormat: string | undefined;
  readonly compressResponse: boolean;
}

/**
 * Parameters of the exchange itself, which are no settings of a query. BI clients name a session with each request; what only a session could
 * keep, `SET` and temporary tables, is refused.
 */
const PROTOCOL = new Set([
  ...['query', 'query_id', 'database', 'default_format', 'user', 'password'],
  ...['session_id', 'session_timeout', 'session_check'],
  ...['compress', 'decompress', 'enable_http_compression', 'wait_end_of_query', 'buffer_size', 'quota_key', 'role'],
  ...['send_progress_in_http_headers', 'http_headers_progress_interval_ms', 'client_protocol_version', 'stacktrace'],
]);

/** @throws ServerError for what this server does not offer */
export function parseRequest(request: IncomingMessage, defaultDatabase: string, newQueryId: () => string): Request {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const params: Record<string, string> = {};
  const settings: Record<string, string> = {};
  for (const [name, value] of searchParams) {
    if (name.startsWith('param_')) params[name.slice('param_'.length)] = value;
    else if (!PROTOCOL.has(name)) settings[name] = value;
  }
  const accepted = String(request.headers['accept-encoding'] ?? '');
  return {
    query: searchParams.get('query') ?? '',
    queryId: searchParams.get('query_id') || newQueryId(),
    database: searchParams.get('database') || header(request, 'x-clickhouse-database') || defaultDatabase,
    params,
    settings,
    defaultFormat: searchParams.get('default_format') || header(request, 'x-clickhouse-format') || undefined,
    compressResponse: searchParams.get('enable_http_compression') === '1' && /\bgzip\b/.test(accepted),
  };
}

/** User and password, from the Authorization header, ClickHouse's own headers or the URL. */
export function credentials(request: IncomingMessage): { readonly user: string; readonly password: string } {
  const basic = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (basic) {
    const [user = '', ...password] = Buffer.from(basic, 'base64').toString('utf8').split(':');
    return { user, password: password.join(':') };
  }
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  return {
    user: header(request, 'x-clickhouse-user') ?? searchParams.get('user') ?? 'default',
    password: header(request, 'x-clickhouse-key') ?? searchParams.get('password') ?? '',
  };
}

const header = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

/** Node has no LZ4: the engine unpacks it. */
export const isLz4 = (request: IncomingMessage): boolean => request.headers['content-encoding'] === 'lz4';

/** The body as it was before compression on the way. */
export function decoded(request: IncomingMessage): Readable {
  const encoding = request.headers['content-encoding'];
  const decoders = {
    gzip: createGunzip,
    deflate: createInflate,
    br: createBrotliDecompress,
    zstd: createZstdDecompress,
  } as const;
  if (!encoding || encoding === 'identity') return request;
  const create = decoders[encoding as keyof typeof decoders];
  if (!create) throw new ServerError(`request bodies in '${encoding}' are not served; use gzip`, 344, 415);
  const decoder = create();
  request.on('error', (cause) => decoder.destroy(cause));
  return request.pipe(decoder);
}

/** A multipart body as the client sends it when parameters are too long for a URL: text fields only. */
export async function multipartFields(request: IncomingMessage, body: Buffer): Promise<Map<string, string>> {
  const type = request.headers['content-type'] ?? '';
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  const fields = new Map<string, string>();
  for (const [name, value] of form) if (typeof value === 'string') fields.set(name, value);
  return fields;
}
