/**
 * The few calls of chdb's native layer that the server needs. Its public Session escapes parameter values again and
 * closes a connection only when all others are idle; HTTP clients send values already escaped, and a pool closes one.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

declare const connectionBrand: unique symbol;
export type Connection = { readonly [connectionBrand]: true };
declare const streamBrand: unique symbol;
export type StreamHandle = { readonly [streamBrand]: true };

/** Values by parameter name, escaped as ClickHouse's HTTP interface takes them. */
export type Params = Readonly<Record<string, string>>;

export interface QueryResult {
  readonly bytes: Uint8Array;
  readonly elapsed: number;
  readonly rowsRead: number;
  readonly bytesRead: number;
}

export interface WriteResult {
  readonly elapsed: number;
  readonly rowsWritten: number;
  readonly bytesWritten: number;
}

export interface Chunk {
  readonly bytes: Uint8Array;
  readonly numRows: number;
  readonly done: boolean;
}

export interface Native {
  CreateConnection(path: string, args: readonly string[]): Connection;
  CloseConnection(connection: Connection): void;
  QueryAsyncConnection(connection: Connection, sql: string, format: string, params?: Params): Promise<QueryResult>;
  InsertRawAsyncConnection(
    connection: Connection,
    sql: string,
    data: Uint8Array,
    countLines: boolean,
  ): Promise<WriteResult>;
  StreamQuery(connection: Connection, sql: string, format: string, params?: Params): StreamHandle;
  StreamFetch(stream: StreamHandle): Promise<Chunk>;
  StreamCancel(stream: StreamHandle): void;
}

/** Loads the engine into this process: one data directory a process, so only the ClickHouse child may. */
export function loadNative(): Native {
  const require = createRequire(import.meta.url);
  const loader = join(dirname(require.resolve('chdb/package.json')), 'dist', 'loader.js');
  return endingWhatFailed((require(loader) as { loadNative(): Native }).loadNative());
}

/**
 * The engine keeps a statement that failed, its place in system.processes, its memory and its locks on tables until the connection runs the
 * next one, which on a connection that waits in a pool may be never: a DROP of its table would wait as long.
 */
function endingWhatFailed(native: Native): Native {
  const streamedBy = new WeakMap<StreamHandle, Connection>();
  const ended = async <T>(connection: Connection, statement: Promise<T>): Promise<T> => {
    try {
      return await statement;
    } catch (cause) {
      await native.QueryAsyncConnection(connection, 'SELECT 1', 'Null').catch(() => undefined);
      throw cause;
    }
  };
  return {
    CreateConnection: (path, args) => native.CreateConnection(path, args),
    CloseConnection: (connection) => native.CloseConnection(connection),
    QueryAsyncConnection: (connection, ...rest) => ended(connection, native.QueryAsyncConnection(connection, ...rest)),
    InsertRawAsyncConnection: (connection, ...rest) =>
      ended(connection, native.InsertRawAsyncConnection(connection, ...rest)),
    StreamQuery: (connection, ...rest) => {
      const stream = native.StreamQuery(connection, ...rest);
      streamedBy.set(stream, connection);
      return stream;
    },
    StreamFetch: (stream) => ended(streamedBy.get(stream) as Connection, native.StreamFetch(stream)),
    StreamCancel: (stream) => native.StreamCancel(stream),
  };
}
