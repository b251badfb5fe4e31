/** ClickHouse's HTTP protocol over the engine in this process, as much of it as the stock client speaks. */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { asServerError, ServerError } from './clickhouse-errors.js';
import type { ConnectionPool, Lease } from './clickhouse-pool.js';
import { credentials, decoded, isLz4, multipartFields, parseRequest, type Request } from './clickhouse-request.js';
import type { Answer, Runner } from './clickhouse-run.js';
import { parseStatement, type Statement } from './clickhouse-statement.js';

export interface ServerOptions {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Default settings of each query. */
  readonly defaultSettings: Readonly<Record<string, string>>;
}

/** A statement's text, not its data: the rest belongs into an INSERT. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;
/** Longer than the client keeps an idle connection, so that it never writes into one that we are closing. */
const KEEP_ALIVE_MS = 15_000;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  JSON: 'application/json; charset=UTF-8',
  JSONCompact: 'application/json; charset=UTF-8',
  JSONEachRow: 'application/x-ndjson; charset=UTF-8',
  JSONCompactEachRow: 'application/x-ndjson; charset=UTF-8',
  CSV: 'text/csv; charset=UTF-8; header=absent',
  CSVWithNames: 'text/csv; charset=UTF-8; header=present',
  TabSeparated: 'text/tab-separated-values; charset=UTF-8',
  Parquet: 'application/octet-stream',
  RowBinary: 'application/octet-stream',
  Native: 'application/octet-stream',
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export function createClickHouseServer(pool: ConnectionPool, runner: Runner, options: ServerOptions): Server {
  const server = createServer((request, response) => {
    void handle(request, response).catch((cause) => response.destroy(cause as Error));
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  // A large insert or a long query is no attack: only the client on this machine knows the password.
  server.requestTimeout = 0;
  const expected = digest(`${options.user}:${options.password}`);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0];
    if (path === '/ping' || path === '/replicas_status') return void response.end('Ok.\n');
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      if (path !== '/') throw new ServerError(`there is nothing at ${path}`, 36, 404);
      const { user, password } = credentials(request);
      if (!timingSafeEqual(digest(`${user}:${password}`), expected)) {
        throw new ServerError(`${user}: Authentication failed: password is incorrect, or there is no such user`, 516);
      }
      await answer(request, response, gone.signal);
    } catch (cause) {
      fail(request, response, asServerError(cause));
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse, gone: AbortSignal): Promise<void> {
    let query = parseRequest(request, options.database, randomUUID);
    response.setHeader('X-ClickHouse-Query-Id', query.queryId);
    response.setHeader('X-ClickHouse-Server-Display-Name', 'riskgraph-embedded');
    response.setHeader('X-ClickHouse-Timezone', 'UTC');
    let statement: Statement;
    let file: string | undefined;
    try {
      if (query.query && /^\s*INSERT\b/i.test(query.query)) {
        statement = parseStatement(query.query);
        if (statement.kind === 'insert') {
          file = (await runner.spoolBody(await unpacked(request, gone), statement.inlineData)).file;
        } else await readText(await unpacked(request, gone), MAX_TEXT_BYTES);
      } else {
        const body = await readText(await unpacked(request, gone), MAX_TEXT_BYTES);
        const multipart = /^multipart\/form-data/i.test(request.headers['content-type'] ?? '');
        let text = [query.query, multipart ? '' : body.toString('utf8')]
          .filter((part) => part.trim() !== '')
          .join('\n');
        if (multipart) {
          const fields = await multipartFields(request, body);
          text = fields.get('query') ?? text;
          query = { ...query, params: { ...query.params, ...paramsOf(fields) } };
        }
        if (text.trim() === '') throw new ServerError('Empty query', 62);
        statement = parseStatement(text);
        if (statement.kind === 'insert') {
          const data = multipart ? Buffer.from(statement.inlineData ?? '') : inlineBytes(statement, text, body);
          file = (await runner.spoolBody(one(data))).file;
        }
      }
      if (request.method === 'GET' && statement.kind !== 'select') {
        throw new ServerError('GET requests only read: use POST', 164);
      }
      await run(query, statement, file, response, gone);
    } finally {
      if (file) await rm(file, { force: true });
    }
  }

  /** The body of a request as its sender made it. */
  async function unpacked(request: IncomingMessage, gone: AbortSignal): Promise<AsyncIterable<Buffer>> {
    if (!isLz4(request)) return decoded(request);
    const { file } = await runner.spoolBody(request);
    try {
      const lease = await pool.acquire({ database: options.database, settings: options.defaultSettings }, gone);
      try {
        return one(await runner.unpack(lease.connection, file));
      } finally {
        lease.release();
      }
    } finally {
      await rm(file, { force: true });
    }
  }

  async function run(
    asked: Request,
    statement: Statement,
    file: string | undefined,
    response: ServerResponse,
    gone: AbortSignal,
  ): Promise<void> {
    const settings = { ...options.defaultSettings, ...asked.settings };
    const lease = await pool.acquire({ database: asked.database, settings }, gone);
    try {
      await send(asked, await perform(lease, asked, statement, file), response, gone);
    } finally {
      lease.release();
    }
  }

  async function perform(lease: Lease, asked: Request, statement: Statement, file?: string): Promise<Answer> {
    const { connection } = lease;
    if (statement.hasSemicolon) await runner.requireSingle(connection, statement.sql);
    if (statement.kind === 'insert') return runner.insert(connection, statement, file as string, asked.params);
    const format = statement.format ?? asked.defaultFormat ?? 'TabSeparated';
    if (!/^\w+$/.test(format)) throw new ServerError(`'${format}' is not the name of a format`, 73, 400);
    if (statement.kind === 'select') return runner.select(connection, statement, format, asked.params);
    return runner.other(connection, statement, asked.params, format);
  }

  return server;
}

const paramsOf = (fields: Map<string, string>): Record<string, string> =>
  Object.fromEntries(
    [...fields].filter(([name]) => name.startsWith('param_')).map(([name, value]) => [name.slice(6), value]),
  );

/** The inline data as they came: the text of a body loses what is no UTF-8, such as numbers in Native. */
function inlineBytes({ inlineData = '' }: Statement, text: string, body: Buffer): Buffer {
  if (!text.endsWith(inlineData)) return Buffer.from(inlineData);
  const before = Buffer.byteLength(text.slice(0, text.length - inlineData.length));
  const fromUrl = Buffer.byteLength(text) - Buffer.byteLength(body.toString('utf8'));
  return body.subarray(Math.max(0, before - fromUrl));
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  if (bytes.length > 0) yield bytes;
}

async function readText(source: AsyncIterable<Buffer>, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limit) {
      throw new ServerError(`the text of one statement is larger than ${limit / 2 ** 20} MiB`, 62, 413);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Streams an answer at the pace of its reader. The status goes out with the first bytes, so a query that fails at once is
 * an HTTP error; one that fails later breaks the connection after ClickHouse's exception mark, so that no client takes a part for all.
 */
async function send(asked: Request, answer: Answer, response: ServerResponse, gone: AbortSignal): Promise<void> {
  const rows = answer.body[Symbol.asyncIterator]();
  try {
    const first = await rows.next();
    if (gone.aborted) return;
    const tag = randomBytes(8).toString('hex');
    const { summary } = answer;
    response.statusCode = 200;
    response.setHeader('Content-Type', CONTENT_TYPES[answer.format] ?? 'text/plain; charset=UTF-8');
    response.setHeader('X-ClickHouse-Format', answer.format);
    response.setHeader('X-ClickHouse-Exception-Tag', tag);
    response.setHeader(
      'X-ClickHouse-Summary',
      JSON.stringify({
        read_rows: String(summary.readRows),
        read_bytes: String(summary.readBytes),
        written_rows: String(summary.writtenRows),
        written_bytes: String(summary.writtenBytes),
        total_rows_to_read: '0',
        result_rows: '0',
        result_bytes: '0',
        elapsed_ns: '0',
      }),
    );
    if (first.done) return void response.end();
    const out: Writable = asked.compressResponse ? createGzip({ level: 1 }) : response;
    if (out !== response) {
      response.setHeader('Content-Encoding', 'gzip');
      out.pipe(response);
    }
    try {
      for (let next: IteratorResult<Uint8Array> = first; !next.done; next = await rows.next()) {
        if (gone.aborted) return;
        if (!out.write(next.value)) await drained(out, gone);
      }
      out.end();
    } catch (cause) {
      const message = `${asServerError(cause).text}\n`;
      const mark = `\r\n__exception__\r\n${tag}\r\n${message}${Buffer.byteLength(message)} ${tag}\r\n__exception__\r\n`;
      const cut = (): void => void setImmediate(() => response.destroy());
      if (out === response) response.write(mark, cut);
      else {
        out.write(mark);
        (out as ReturnType<typeof createGzip>).flush(cut);
      }
    }
  } finally {
    await rows.return?.(undefined);
  }
}

/** Waits until the reader has caught up, or went away. */
const drained = (out: Writable, gone: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      out.off('drain', done);
      gone.removeEventListener('abort', done);
      resolve();
    };
    out.once('drain', done);
    gone.addEventListener('abort', done, { once: true });
    if (gone.aborted) done();
  });

function fail(request: IncomingMessage, response: ServerResponse, error: ServerError): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  response.statusCode = error.status;
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  response.setHeader('X-ClickHouse-Exception-Code', String(error.code));
  // A body that no handler reads any more must not hold up the answer, nor be taken for the next request.
  if (!request.readableEnded) {
    response.setHeader('Connection', 'close');
    request.resume();
  }
  response.end(`${error.text}\n`);
}
