/** Runs one statement on a lent connection, in the way that keeps memory bounded for its kind. */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Connection, Native, Params } from './chdb-native.js';
import { ServerError } from './clickhouse-errors.js';
import type { Statement } from './clickhouse-statement.js';

export interface Summary {
  readonly readRows: number;
  readonly readBytes: number;
  readonly writtenRows: number;
  readonly writtenBytes: number;
}

export interface Answer {
  readonly format: string;
  readonly summary: Summary;
  /** Reading it is what drives the query; it fails where the query fails. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Formats of which chunk after chunk is one document. Of all others the engine's stream makes a document a chunk, with a
 * header and a footer each, so their result goes through a file.
 */
const STREAMED = new Set([
  ...['JSONEachRow', 'JSONCompactEachRow', 'JSONStringsEachRow', 'JSONCompactStringsEachRow', 'NDJSON', 'JSONLines'],
  ...['CSV', 'TabSeparated', 'TSV', 'TabSeparatedRaw', 'TSVRaw', 'LineAsString', 'RowBinary', 'Native', 'RawBLOB'],
]);

/**
 * The engine plans a statement that it streams on the thread that serves every connection, and computes scalar subqueries and constants while it
 * plans. A statement that explains another does nothing else, and its answer is small.
 */
const EXPLAINS = /^\s*(?:SELECT\s+\w+\s+FROM\s*\(\s*)?EXPLAIN\b/i;

const EMPTY = new Uint8Array(0);
const NOTHING: Summary = { readRows: 0, readBytes: 0, writtenRows: 0, writtenBytes: 0 };

export class Runner {
  constructor(
    private readonly native: Native,
    /** Bodies and results that pass through files. */
    private readonly spool: string,
    private readonly maxBodyBytes: number,
  ) {}

  /**
   * A statement the text of which holds a `;`: the engine would run what follows it.
   * @throws ServerError unless the engine's own parser sees one statement
   */
  async requireSingle(connection: Connection, sql: string): Promise<void> {
    try {
      await this.native.QueryAsyncConnection(connection, 'SELECT formatQuerySingleLine({sql:String})', 'Null', {
        sql: sql.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\0', '\\0'),
      });
    } catch (cause) {
      const message = (cause as Error).message;
      if (!/Multi-statements are not allowed/.test(message)) throw cause;
      throw new ServerError('Multi-statements are not allowed: send one statement a request', 62);
    }
  }

  /** Runs a `select`: rows go out as they come, or through a file where the format asks for it. */
  async select(connection: Connection, statement: Statement, format: string, params: Params): Promise<Answer> {
    if (format === 'Null') return this.other(connection, { ...statement, sql: whole(statement, format) }, params);
    if (EXPLAINS.test(statement.sql))
      return this.other(connection, { ...statement, sql: whole(statement, format) }, params, format);
    if (!STREAMED.has(format)) return this.selectThroughFile(connection, statement, format, params);
    const stream = this.native.StreamQuery(connection, join2(statement.sql, statement.tail), format, params);
    const { native } = this;
    async function* chunks(): AsyncGenerator<Uint8Array> {
      let open = true;
      try {
        for (;;) {
          const chunk = await native.StreamFetch(stream);
          if (chunk.done) break;
          if (chunk.bytes.length > 0) yield chunk.bytes;
        }
        open = false;
      } catch (cause) {
        open = false;
        throw cause;
      } finally {
        if (open) native.StreamCancel(stream);
      }
    }
    return { format, summary: NOTHING, body: chunks() };
  }

  private async selectThroughFile(
    connection: Connection,
    statement: Statement,
    format: string,
    params: Params,
  ): Promise<Answer> {
    const file = this.newFile();
    const sql = join2(`${statement.sql} INTO OUTFILE ${quoted(file)} TRUNCATE FORMAT ${format}`, statement.tail);
    try {
      const done = await this.native.QueryAsyncConnection(connection, sql, 'Null', params);
      const summary = { ...NOTHING, readRows: done.rowsRead, readBytes: done.bytesRead };
      return { format, summary, body: readAndRemove(file) };
    } catch (cause) {
      await rm(file, { force: true });
      throw cause;
    }
  }

  /** Runs any other statement; its answer is small (DDL, SHOW, DESCRIBE, EXPLAIN). */
  async other(connection: Connection, statement: Statement, params: Params, format = 'TabSeparated'): Promise<Answer> {
    // The writing call reports written rows, which INSERT … SELECT is asked for; it takes no parameters.
    if (/^\s*INSERT\b/i.test(statement.sql) && Object.keys(params).length === 0) {
      const done = await this.native.InsertRawAsyncConnection(connection, statement.sql, EMPTY, false);
      return { format, summary: { ...NOTHING, ...written(done) }, body: once(EMPTY) };
    }
    const done = await this.native.QueryAsyncConnection(connection, statement.sql, format, params);
    const summary = { ...NOTHING, readRows: done.rowsRead, readBytes: done.bytesRead };
    return { format, summary, body: once(done.bytes) };
  }

  /**
   * Writes the data of an INSERT, which wait in a file. Data handed to the engine beside the statement would end at the
   * first blank line and what follows it would run as SQL; a file's content is data alone.
   */
  async insert(connection: Connection, statement: Statement, file: string, params: Params): Promise<Answer> {
    const { sql, format = '', input } = statement;
    if (input) {
      const text = `${input.before} file(${quoted(file)}, ${quoted(format)}, ${input.structure})${input.after}`;
      return this.other(connection, { ...statement, sql: text }, params, format);
    }
    if (Object.keys(params).length > 0) {
      throw new ServerError('parameters are not served in an INSERT with data; put the values into the data', 344);
    }
    const { target, settings } = splitSettings(sql);
    const text = `${target} FROM INFILE ${quoted(file)} COMPRESSION 'none' ${settings} FORMAT ${format}`;
    const done = await this.native.InsertRawAsyncConnection(connection, text, EMPTY, false);
    return { format, summary: { ...NOTHING, ...written(done) }, body: once(EMPTY) };
  }

  /** The bytes of a file that is packed as an LZ4 frame. */
  async unpack(connection: Connection, file: string): Promise<Buffer> {
    const sql = `SELECT bytes FROM file(${quoted(file)}, 'RawBLOB', 'bytes String', 'lz4')`;
    const { bytes } = await this.native.QueryAsyncConnection(connection, sql, 'RawBLOB', {});
    return Buffer.from(bytes);
  }

  /**
   * Writes a body to a file of its own.
   * @throws ServerError 413 past the limit
   */
  async spoolBody(source: AsyncIterable<Uint8Array>, head = ''): Promise<{ readonly file: string; bytes: number }> {
    const file = this.newFile();
    let bytes = 0;
    const limit = this.maxBodyBytes;
    const count = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        // Past the limit it is read on without being kept, so that the client is there to read the refusal.
        done(null, bytes <= limit ? chunk : null);
      },
      flush(done) {
        if (bytes <= limit) return done();
        const message = `the data of one INSERT are larger than ${Math.floor(limit / 2 ** 20)} MiB: send smaller batches`;
        done(new ServerError(message, 36, 413));
      },
    });
    if (head) count.write(head);
    try {
      await pipeline(Readable.from(source, { objectMode: false }), count, createWriteStream(file, { mode: 0o600 }));
    } catch (cause) {
      await rm(file, { force: true });
      throw cause;
    }
    return { file, bytes };
  }

  private newFile(): string {
    return join(this.spool, randomUUID());
  }
}

const written = (done: { rowsWritten: number; bytesWritten: number }): Partial<Summary> => ({
  writtenRows: done.rowsWritten,
  writtenBytes: done.bytesWritten,
});

const quoted = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const join2 = (sql: string, tail: string): string => (tail ? `${sql} ${tail}` : sql);
const whole = (statement: Statement, format: string): string =>
  join2(`${statement.sql} FORMAT ${format}`, statement.tail);

/** INFILE stands before the statement's own SETTINGS. */
const splitSettings = (sql: string): { target: string; settings: string } => {
  const at = /\bSETTINGS\b(?=\s+\w+\s*=)/i.exec(sql)?.index;
  return at === undefined ? { target: sql, settings: '' } : { target: sql.slice(0, at), settings: sql.slice(at) };
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function* readAndRemove(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file, { highWaterMark: 256 * 1024 }) as AsyncIterable<Uint8Array>;
  } finally {
    await rm(file, { force: true });
  }
}
