import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below what Linux and macOS give to outgoing connections: a port of theirs, freed a moment ago, may be taken again by any client. */
const PORTS = { from: 15_000, to: 32_000 };
const ATTEMPTS = 50;

const isFree = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause: NodeJS.ErrnoException) =>
      cause.code === 'EADDRINUSE' || cause.code === 'EACCES' ? resolve(false) : reject(cause),
    );
    server.listen(port, host, () => server.close(() => resolve(true)));
  });

/**
 * A TCP port that nothing listens on, drawn at random so that two who ask at once hardly ever get the same one.
 * @throws the system's own error where the host is not an address of this machine
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(PORTS.from, PORTS.to);
    if (await isFree(host, port)) return port;
  }
  throw new Error(`no free port on ${host} among ${ATTEMPTS} between ${PORTS.from} and ${PORTS.to}`);
}
