/** Child processes that outlive us if need be: own process group, pid file, log file, an end that always comes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RiskgraphError } from '../core/errors.js';
import type { Log } from '../core/ports/process.js';
import type { Home } from './home.js';
import { isAlive, type ProcessIdentity, processIdentity } from './identity.js';

/** A log that grew past this starts anew, the old one kept once. */
const MAX_LOG_BYTES = 20 * 1024 * 1024;
/** How long a leftover process of a killed start may take to end in good order, in ms. */
const ORPHAN_GRACE_MS = 15_000;

interface PidFile extends ProcessIdentity {
  readonly name: string;
  readonly stopSignal: NodeJS.Signals;
}

export interface ChildSpec {
  /** Names its pid file and log file. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** argv[0] as the program sees it. */
  readonly argv0?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** The signal that asks it to end in good order. */
  readonly stopSignal: NodeJS.Signals;
  /** Whether it talks back over Node's IPC channel. */
  readonly ipc?: boolean;
  /** Output goes to our own stdout and stderr, as for the API and the worker, in place of a log file. */
  readonly inheritOutput?: boolean;
}

export interface ExitInfo {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly process: ChildProcess;
  /** Settles once, when it has ended for whatever reason. */
  readonly exited: Promise<ExitInfo>;
  readonly ended: () => boolean;
  /** True from the moment that we asked it to end. */
  readonly stopping: () => boolean;
  /** Asks it to end and waits; kills its group after `graceMs`. */
  stop(graceMs: number): Promise<ExitInfo>;
  /** Ends its group at once. */
  kill(): void;
  /** The last lines it wrote since it was started. */
  lastLines(count?: number): string;
}

/** Where programs, libraries and temporary files are. */
const NEEDED = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'] as const;

/**
 * The environment of a store: what any program needs of ours, these names of it, and the variables that are set over it. Keys of the API and
 * URLs with passwords are no business of its.
 */
export function storeEnvironment(over: NodeJS.ProcessEnv = {}, names: readonly string[] = []): NodeJS.ProcessEnv {
  const given = [...NEEDED, ...names].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(given), ...over };
}

const openLog = (file: string): { fd: number; offset: number } => {
  let offset = 0;
  try {
    offset = statSync(file).size;
    if (offset > MAX_LOG_BYTES) {
      renameSync(file, `${file}.1`);
      offset = 0;
    }
  } catch {
    offset = 0;
  }
  return { fd: openSync(file, 'a', 0o600), offset };
};

const tail = (file: string, offset: number, count: number): string => {
  try {
    const size = statSync(file).size;
    const from = Math.max(offset, size - 16_384);
    const bytes = Buffer.alloc(Math.max(size - from, 0));
    const fd = openSync(file, 'r');
    try {
      readSync(fd, bytes, 0, bytes.length, from);
    } finally {
      closeSync(fd);
    }
    return bytes.toString('utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
};

/** Signals a whole group; one that is gone already is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}

/** Signals one process; one that is gone already is no error. */
export const signalOne = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
};

/**
 * Starts a child in its own process group, so that Ctrl-C at the terminal reaches us alone.
 * @throws RiskgraphError when the program cannot be started
 */
export async function startChild(home: Home, spec: ChildSpec): Promise<Child> {
  const logFile = join(home.log, `${spec.name}.log`);
  const pidFile = join(home.run, `${spec.name}.pid`);
  const { fd, offset } = openLog(logFile);
  const output = spec.inheritOutput ? 'inherit' : fd;
  const child = spawn(spec.command, [...spec.args], {
    detached: true,
    stdio: spec.ipc ? ['ignore', output, output, 'ipc'] : ['ignore', output, output],
    env: spec.env,
    ...(spec.cwd ? { cwd: spec.cwd } : {}),
    ...(spec.argv0 ? { argv0: spec.argv0 } : {}),
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  });
  closeSync(fd);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(cannotStart(spec, cause)));
  });
  const pid = child.pid as number;
  let ended = false;
  let stopping = false;
  const exited = new Promise<ExitInfo>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = true;
      // What it started itself, such as the rewrite of a log, does not outlive it.
      if (!stopping) signalGroup(pid, 'SIGKILL');
      rmSync(pidFile, { force: true });
      resolve({ code, signal });
    });
  });
  const identity = processIdentity(pid);
  if (identity && !ended) {
    const content: PidFile = { ...identity, name: spec.name, stopSignal: spec.stopSignal };
    writeFileSync(pidFile, JSON.stringify(content), { mode: 0o600 });
  }
  return {
    name: spec.name,
    pid,
    process: child,
    exited,
    ended: () => ended,
    stopping: () => stopping,
    async stop(graceMs) {
      stopping = true;
      if (ended) return exited;
      signalOne(pid, spec.stopSignal);
      const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
      try {
        return await exited;
      } finally {
        clearTimeout(timer);
      }
    },
    kill() {
      stopping = true;
      if (!ended) signalGroup(pid, 'SIGKILL');
    },
    lastLines: (count = 12) => tail(logFile, offset, count),
  };
}

const cannotStart = (spec: ChildSpec, cause: Error): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `${spec.name} cannot be started: ${cause.message}`,
    hint: `see that ${spec.command} is installed and may be run by this user`,
    cause,
  });

/**
 * Polls until `ready` says so; kills the child once `abandoned`.
 * @throws RiskgraphError with the child's last lines when it ends first or takes longer than `timeoutMs`, else the reason of `abandoned`
 */
export async function waitReady(
  child: Child,
  ready: () => Promise<boolean>,
  timeoutMs: number,
  abandoned: AbortSignal,
): Promise<void> {
  const failed = (what: string): RiskgraphError =>
    new RiskgraphError({
      code: 'STORE_UNAVAILABLE',
      message: `${child.name} ${what}${child.lastLines() ? `; it last wrote:\n${child.lastLines()}` : ''}`,
      hint: `see log/${child.name}.log in the state folder`,
    });
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (child.ended()) {
      const { code, signal } = await child.exited;
      throw failed(`ended while it started (${signal ?? `exit code ${code}`})`);
    }
    if (abandoned.aborted) {
      child.kill();
      await child.exited;
      throw abandoned.reason;
    }
    if (await ready()) return;
    if (performance.now() > deadline) {
      child.kill();
      await child.exited;
      throw failed(`was not ready within ${Math.round(timeoutMs / 1000)} s`);
    }
    await sleep(25);
  }
}

const readPidFile = async (file: string): Promise<PidFile | undefined> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as PidFile;
  } catch {
    return undefined;
  }
};

/** The roles use the stores, so they end first. */
const ROLES_FIRST = (name: string): number => (['worker', 'api'].includes(name) ? 0 : 1);

/**
 * Ends what a killed earlier start left behind: the processes of our pid files that still are those processes.
 * Call it with the home locked.
 */
export async function endOrphans(home: Home, log: Log): Promise<void> {
  const files = (await readdir(home.run)).filter((name) => name.endsWith('.pid')).map((name) => join(home.run, name));
  const orphans: PidFile[] = [];
  for (const file of files) {
    const content = await readPidFile(file);
    if (content && isAlive(content)) orphans.push(content);
    else await rm(file, { force: true });
  }
  for (const rank of [0, 1]) {
    await Promise.all(orphans.filter((orphan) => ROLES_FIRST(orphan.name) === rank).map((orphan) => end(orphan, log)));
  }
  for (const file of files) await rm(file, { force: true });
}

async function end(orphan: PidFile, log: Log): Promise<void> {
  log.info({ child: orphan.name, pid: orphan.pid }, 'ending a process that an earlier start left behind');
  signalOne(orphan.pid, orphan.stopSignal);
  const deadline = performance.now() + ORPHAN_GRACE_MS;
  while (isAlive(orphan)) {
    if (performance.now() > deadline) {
      signalGroup(orphan.pid, 'SIGKILL');
      await sleep(200);
      return;
    }
    await sleep(25);
  }
}

/** Reads a small text file, or undefined where there is none. */
export const readIfThere = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};
