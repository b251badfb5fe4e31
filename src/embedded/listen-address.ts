import { createServer } from 'node:net';
import { RiskgraphError } from '../core/errors.js';
import { freePort } from './free-port.js';

/**
 * Proves that the API will be able to listen, before anything is started for it.
 * @returns the port, a free one for 0
 * @throws RiskgraphError saying why it cannot
 */
export async function reserveListenAddress(host: string, port: number): Promise<number> {
  try {
    if (port === 0) return await freePort(host);
    await listenOnce(host, port);
    return port;
  } catch (cause) {
    throw explain(host, port, cause as NodeJS.ErrnoException);
  }
}

const listenOnce = (host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => server.close(() => resolve()));
  });

const REASONS: Readonly<Record<string, readonly [string, string]>> = {
  EADDRINUSE: ['is in use by another program', 'stop that program, or set PORT to another port'],
  EACCES: ['may not be used by this user', 'set PORT to one above 1023'],
  EADDRNOTAVAIL: ['is not an address of this machine', 'set HOST to 127.0.0.1 or 0.0.0.0'],
  ENOTFOUND: ['names no machine', 'set HOST to 127.0.0.1 or 0.0.0.0'],
};

const explain = (host: string, port: number, cause: NodeJS.ErrnoException): RiskgraphError => {
  const [what, hint] = REASONS[cause.code ?? ''] ?? [`cannot be listened on: ${cause.message}`, 'set HOST and PORT'];
  return new RiskgraphError({ code: 'CONFLICT', message: `port ${port} on ${host} ${what}`, hint, cause });
};
