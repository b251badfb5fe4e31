/** A way to a server that can stand still, as one whose process is stopped: connections stay, and nothing comes through. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface StallingProxy {
  /** The server's address by this way. */
  readonly url: string;
  stall(): void;
  resume(): void;
  close(): Promise<void>;
}

export async function stallingProxy(url: string): Promise<StallingProxy> {
  const there = new URL(url);
  const open = new Set<readonly [Socket, Socket]>();
  let stalled = false;

  const server = createServer((near) => {
    const far = connect(Number(there.port), there.hostname);
    const pair = [near, far] as const;
    open.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(pair);
        to.destroy();
      });
      if (stalled) from.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const here = new URL(url);
  here.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: here.href,
    stall() {
      stalled = true;
      for (const socket of [...open].flat()) socket.pause();
    },
    resume() {
      stalled = false;
      for (const socket of [...open].flat()) socket.resume();
    },
    async close() {
      for (const socket of [...open].flat()) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
