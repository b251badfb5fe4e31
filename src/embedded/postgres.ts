/** A private Postgres from the binaries that npm brings, started by our own code on a loopback port. */
import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RiskgraphError } from '../core/errors.js';
import type { Log } from '../core/ports/process.js';
import { readIfThere, startChild, waitReady } from './child.js';
import { freePort } from './free-port.js';
import type { Home } from './home.js';
import { clearLeftovers, killBackends } from './postgres-leftovers.js';
import { locatePostgres, type PostgresPlace, type RunAs, runTool } from './postgres-place.js';
import { PLATFORM_ROLE, prepareRoles } from './postgres-roles.js';
import type { RunningStore } from './redis.js';

const READY_TIMEOUT_MS = 120_000;
/** Owns the cluster. */
const SUPERUSER = 'riskgraph';
const DATABASE = 'riskgraph';
/** Another process may take a free port before Postgres does. */
const PORT_ATTEMPTS = 3;

/** A password of the embedded server, made once and kept in a file of mode 600. */
async function passwordOf(home: Home, name: string): Promise<{ file: string; password: string }> {
  const file = join(home.path, name);
  const kept = readIfThere(file)?.trim();
  if (kept) return { file, password: kept };
  const password = randomBytes(24).toString('base64url');
  await writeFile(file, `${password}\n`, { mode: 0o600 });
  return { file, password };
}

async function initialize(place: PostgresPlace, passwordFile: string): Promise<void> {
  // An interrupted initdb leaves half a cluster: only a whole one gets the final name.
  const draft = `${place.data}.new`;
  await rm(draft, { recursive: true, force: true });
  const initdb = [
    `-D`,
    draft,
    '-U',
    SUPERUSER,
    '-E',
    'UTF8',
    '--locale=C',
    '--auth=scram-sha-256',
    '--no-instructions',
  ];
  await runTool(place, 'initdb', [...initdb, `--pwfile=${await place.readable(passwordFile)}`]);
  // The npm package has no createdb; the single-user server makes the database before anyone can connect.
  await runTool(place, 'postgres', ['--single', '-D', draft, 'postgres'], `CREATE DATABASE ${DATABASE};\n`);
  await rename(draft, place.data);
}

async function checkVersion(place: PostgresPlace): Promise<void> {
  const version = readIfThere(join(place.data, 'PG_VERSION'))?.trim();
  if (version === undefined || version === place.major) return;
  throw new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `the embedded Postgres data is of version ${version}, the installed server of version ${place.major}`,
    hint: `install the earlier package version and dump it with pg_dump, or move ${place.data} away to start anew`,
  });
}

/** The server writes its own state into postmaster.pid: line 1 the pid, line 8 `ready`. */
const isReady = async (place: PostgresPlace, pid: number): Promise<boolean> => {
  const lines = (readIfThere(join(place.data, 'postmaster.pid')) ?? '').split('\n');
  return lines[0]?.trim() === String(pid) && lines[7]?.trim() === 'ready';
};

/**
 * Starts Postgres with its data in `<home>/postgres`, making the cluster on first use.
 * @param runAs how to run where the process is root; detected by default
 */
export async function startPostgres(
  home: Home,
  log: Log,
  abandoned: AbortSignal,
  runAs?: RunAs,
): Promise<RunningStore> {
  // The superuser's is the operator's, for backups; no process of the platform connects with it.
  const superuser = await passwordOf(home, 'postgres.password');
  const { password } = await passwordOf(home, 'postgres.platform-password');
  const place = await locatePostgres(home, log, runAs);
  if (readIfThere(join(place.data, 'PG_VERSION')) === undefined) await initialize(place, superuser.file);
  await checkVersion(place);
  await clearLeftovers(place.data, log);
  await prepareRoles(place, { database: DATABASE, password });
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const settings: Record<string, string> = {
      listen_addresses: '127.0.0.1',
      port: String(port),
      // Only the loopback port, so that no path of the home is too long for a socket.
      unix_socket_directories: '',
      max_connections: '100',
      shared_buffers: '64MB',
      timezone: 'UTC',
      log_timezone: 'UTC',
    };
    const child = await startChild(home, {
      name: 'postgres',
      ...place.command('postgres', [
        '-D',
        place.data,
        ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
      ]),
      // Fast shutdown: ends sessions, writes a checkpoint.
      stopSignal: 'SIGINT',
    });
    // At once: a backend deep in a computation would take a core from what still has to end.
    const ended = child.exited.then(({ code }) => (code === 0 ? undefined : killBackends(place.data)));
    try {
      await waitReady(child, () => isReady(place, child.pid), READY_TIMEOUT_MS, abandoned);
    } catch (cause) {
      await ended;
      if (attempt < PORT_ATTEMPTS && /Address already in use/.test(child.lastLines())) continue;
      throw cause;
    }
    return {
      child,
      url: `postgres://${PLATFORM_ROLE}:${password}@127.0.0.1:${port}/${DATABASE}`,
      async close(graceMs = 60_000) {
        await child.stop(graceMs);
        await ended;
      },
    };
  }
}
