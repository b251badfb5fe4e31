/** The folder that holds embedded state: made, checked and locked before anything is started in it. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { RiskgraphError } from '../core/errors.js';
import { isAlive, type ProcessIdentity, processIdentity } from './identity.js';

/** Below this the stores cannot even make their first files; ClickHouse alone wants room to merge. */
const MIN_FREE_BYTES = 256 * 1024 * 1024;

export interface Home {
  readonly path: string;
  /** Pid files and the lock. */
  readonly run: string;
  /** One log file a child. */
  readonly log: string;
}

/** The error of a store that cannot start because of its folder; it says why. */
const homeError = (message: string, hint: string, cause?: unknown): RiskgraphError =>
  new RiskgraphError({ code: 'STORE_UNAVAILABLE', message, hint, cause });

const explain = (path: string, cause: unknown): RiskgraphError => {
  const code = (cause as NodeJS.ErrnoException).code;
  switch (code) {
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return homeError(
        `the state folder ${path} cannot be written (${code})`,
        'give this user write access to it, or set RISKGRAPH_HOME to a folder that can be written',
        cause,
      );
    case 'ENOSPC':
    case 'EDQUOT':
      return homeError(
        `no space is left for the state folder ${path}`,
        'free space on that disk, or set RISKGRAPH_HOME to a folder on another one',
        cause,
      );
    case 'ENOTDIR':
    case 'EEXIST':
      return homeError(
        `the state folder ${path} is not a folder, or lies below a file`,
        'move that file away, or set RISKGRAPH_HOME to another path',
        cause,
      );
    default:
      return homeError(
        `the state folder ${path} cannot be used: ${(cause as Error).message}`,
        'set RISKGRAPH_HOME to a folder that this user can write',
        cause,
      );
  }
};

/** @returns whether it was not there before */
async function makeFolder(path: string): Promise<boolean> {
  try {
    return (await mkdir(path, { recursive: true, mode: 0o700 })) !== undefined;
  } catch (cause) {
    // On a read-only disk the recursive form says ENOENT; the plain one on the first missing folder says why.
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    let missing = path;
    while (!existsSync(dirname(missing))) missing = dirname(missing);
    await mkdir(missing);
    throw cause;
  }
}

/**
 * Makes the state folder (mode 700) with its subfolders and proves that it can be written.
 * @throws RiskgraphError when it is read-only, full, or no folder
 */
export async function prepareHome(path: string): Promise<Home> {
  const home = { path, run: join(path, 'run'), log: join(path, 'log') };
  try {
    const created = await makeFolder(path);
    // Only a folder that is ours is narrowed: RISKGRAPH_HOME may name one that holds other things.
    const entries = created ? [] : await readdir(path);
    if (entries.length === 0 || entries.includes('run')) await chmod(path, 0o700);
    for (const folder of [home.run, home.log]) await mkdir(folder, { recursive: true, mode: 0o700 });
    const probe = join(home.run, `probe.${process.pid}.${randomUUID()}`);
    await writeFile(probe, Buffer.alloc(4096));
    await rm(probe);
    const { bavail, bsize } = await statfs(path);
    if (bavail * bsize < MIN_FREE_BYTES) {
      throw homeError(
        `the state folder ${path} is on a disk with only ${Math.floor((bavail * bsize) / 2 ** 20)} MiB free`,
        `free at least ${MIN_FREE_BYTES / 2 ** 20} MiB there, or set RISKGRAPH_HOME to a folder on another disk`,
      );
    }
  } catch (cause) {
    throw cause instanceof RiskgraphError ? cause : explain(path, cause);
  }
  return home;
}

const readHolder = async (file: string): Promise<ProcessIdentity | undefined> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
};

/** How long the process that just took the lock may need to write down who it is, in ms. */
const HOLDER_WAIT_MS = 2000;
const HOLDER_POLL_MS = 20;

/**
 * Takes the folder for this process. The lock is the operating system's, by way of SQLite, so it ends with the process however that ends and
 * two starts at one moment cannot both have it; the file beside it only says who holds it.
 * @returns the function that gives it back
 * @throws RiskgraphError naming the pid when another live start holds it
 */
export async function lockHome(home: Home): Promise<() => Promise<void>> {
  const file = join(home.run, 'lock');
  const guard = openGuard(home);
  try {
    guard.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    guard.close();
    if ((cause as { errcode?: number }).errcode === SQLITE_BUSY) throw await alreadyRunning(home, file);
    throw explain(home.path, cause);
  }
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(processIdentity(process.pid)), { mode: 0o600 });
  await rename(draft, file);
  return async () => {
    await rm(file, { force: true });
    guard.close();
  };
}

const SQLITE_BUSY = 5;

function openGuard(home: Home): DatabaseSync {
  try {
    return new DatabaseSync(join(home.run, 'lock.sqlite'));
  } catch (cause) {
    throw explain(home.path, cause);
  }
}

async function alreadyRunning(home: Home, file: string): Promise<RiskgraphError> {
  let holder = await readHolder(file);
  for (let waited = 0; waited < HOLDER_WAIT_MS && !(holder && isAlive(holder)); waited += HOLDER_POLL_MS) {
    await sleep(HOLDER_POLL_MS);
    holder = await readHolder(file);
  }
  const pid = holder && isAlive(holder) ? holder.pid : undefined;
  return new RiskgraphError({
    code: 'CONFLICT',
    message: `Riskgraph is already running on ${home.path}${pid === undefined ? '' : `, pid ${pid}`}`,
    hint: `${pid === undefined ? 'stop it' : `stop it (kill ${pid})`}, or set RISKGRAPH_HOME to another folder`,
  });
}
