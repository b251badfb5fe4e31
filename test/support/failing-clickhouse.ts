/** A way to ClickHouse on which statements fail as the server lets them fail: by its error code, by a cut connection, or without an answer. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freshClickHouseDatabase } from './stores.js';

/** ClickHouse's error code, or what happens to the connection. */
export type Failure = { readonly code: string; readonly message?: string } | 'cut' | 'silent';

export interface FailingClickHouse {
  /** The server's address by this way. */
  readonly url: string;
  readonly database: string;
  /** While the body runs, each statement with this label fails. @returns what the body threw */
  failing(label: string, failure: Failure, body: () => Promise<unknown>): Promise<unknown>;
  close(): Promise<void>;
}

/** As the server answers: a failure before the answer began. */
function refuse(response: ServerResponse, { code, message }: Exclude<Failure, string>): void {
  response.writeHead(500, { 'content-type': 'text/plain; charset=UTF-8', 'x-clickhouse-exception-code': code });
  const said = message ?? `planted failure ${code}`;
  response.end(`Code: ${code}. DB::Exception: ${said}. (PLANTED) (version 26.1.1.1 (official build))\n`);
}

/** A database of its own behind the way. */
export async function failingClickHouse(): Promise<FailingClickHouse> {
  const database = await freshClickHouseDatabase();
  const there = new URL(database.url);
  const planted = new Map<string, { readonly failure: Failure; hits: number }>();

  const pass = (incoming: IncomingMessage, response: ServerResponse): void => {
    const { method, headers, url: path } = incoming;
    const onward = request({ host: there.hostname, port: there.port, method, headers, path }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  };

  const server = createServer((incoming, response) => {
    const id = new URL(incoming.url ?? '/', 'http://any').searchParams.get('query_id') ?? '';
    // A label, a hyphen, and a UUID.
    const plan = planted.get(id.slice(0, -37));
    if (!plan) return pass(incoming, response);
    plan.hits++;
    const { failure } = plan;
    incoming.resume();
    if (failure === 'cut') incoming.socket.destroy();
    else if (failure !== 'silent') incoming.on('end', () => refuse(response, failure));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  // With the name and password of the server's own address.
  const here = new URL(database.url);
  here.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: here.href,
    database: database.database,
    async failing(label, failure, body) {
      const plan = { failure, hits: 0 };
      planted.set(label, plan);
      try {
        await body();
      } catch (error) {
        return error;
      } finally {
        planted.delete(label);
      }
      throw new Error(`${plan.hits} statements ${label} failed, and the work did not`);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await database.close();
    },
  };
}
