/** Leftovers of a killed Postgres in its data folder, for which the next one would not start. */
import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RiskgraphError } from '../core/errors.js';
import type { Log } from '../core/ports/process.js';
import { signalOne } from './child.js';

/** Backends notice within moments that their postmaster is gone, unless they are deep in a computation. */
const GRACE_MS = 10_000;

/** Processes that work in this folder: the postmaster and its backends. A zombie works nowhere. */
async function processesIn(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return pids.flatMap((pid, index) => (folders[index] === folder ? [Number(pid)] : []));
}

const KILLED_WITHIN_MS = 2000;

/**
 * Ends the backends of a postmaster that did not end in good order. Each is a session of its own, which no signal to the postmaster's group
 * reaches, and one deep in a computation would outlive it. The next start recovers what they had committed.
 * @param data as the system spells it, without links
 */
export async function killBackends(data: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const deadline = performance.now() + KILLED_WITHIN_MS;
  do {
    const pids = await processesIn(data);
    const names = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')));
    // A shell may stand in the folder too.
    const backends = pids.filter((_, index) => names[index]?.startsWith('postgres'));
    if (backends.length === 0) return;
    for (const pid of backends) signalOne(pid, 'SIGKILL');
    await sleep(20);
  } while (performance.now() < deadline);
}

/**
 * Removes the lock file of a server that is gone. Postgres itself takes a zombie (in a container without an init that reaps) or
 * another process with a recycled pid for a running server; removing the file under a living one would destroy the data,
 * so it goes only when nothing works in the folder any more.
 * @param data as the system spells it, without links
 */
export async function clearLeftovers(data: string, log: Log): Promise<void> {
  if (process.platform !== 'linux') return;
  const deadline = performance.now() + GRACE_MS;
  for (let left = await processesIn(data); left.length > 0; left = await processesIn(data)) {
    const late = performance.now() - deadline;
    if (late > GRACE_MS) {
      throw new RiskgraphError({
        code: 'STORE_UNAVAILABLE',
        message: `processes of an earlier Postgres do not end: ${left.join(', ')}`,
        hint: 'end them, then start again',
      });
    }
    log.info({ pids: left }, 'ending a Postgres that an earlier start left behind');
    for (const pid of left) {
      try {
        process.kill(pid, late > 0 ? 'SIGKILL' : 'SIGINT');
      } catch {
        // Gone by itself.
      }
    }
    await sleep(200);
  }
  await rm(join(data, 'postmaster.pid'), { force: true });
}
