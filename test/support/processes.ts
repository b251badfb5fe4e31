/** The processes of one home, as the system knows them: whatever a pid file says, or does not. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface HomeProcess {
  readonly pid: number;
  readonly command: string;
}

const readProc = (pid: number, file: string): Promise<string> =>
  readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');

/** Everything that was started with this RISKGRAPH_HOME, works in it or names it; Postgres overwrites its environment. */
export async function processesOf(home: string): Promise<HomeProcess[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid): Promise<HomeProcess[]> => {
      const [environment, command, folder] = await Promise.all([
        readProc(pid, 'environ'),
        readProc(pid, 'cmdline'),
        readlink(`/proc/${pid}/cwd`).catch(() => ''),
      ]);
      const belongs =
        environment.split('\0').includes(`RISKGRAPH_HOME=${home}`) ||
        command.includes(home) ||
        `${folder}/`.startsWith(`${home}/`);
      return belongs ? [{ pid, command: command.replaceAll('\0', ' ').trim() }] : [];
    }),
  );
  return found.flat();
}

/** Those that are left but for the spared, after a while: a killed process is gone a little later than its signal. */
export async function processesLeft(home: string, spared: readonly number[] = []): Promise<HomeProcess[]> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const left = (await processesOf(home)).filter(({ pid }) => !spared.includes(pid));
    if (left.length === 0 || performance.now() > deadline) return left;
    await sleep(50);
  }
}

/** Stops a process where it is, and waits until the system says that it stands still; SIGCONT lets it go on. */
export async function halt(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  while (!/^State:\s+T/m.test(await readProc(pid, 'status'))) await sleep(5);
}

/** The most memory in MB that a process ever held, as the system counts it. */
export async function peakMemoryMb(pid: number): Promise<number> {
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(await readProc(pid, 'status'))?.[1];
  if (!peak) throw new Error(`the system says no peak memory of process ${pid}`);
  return Number(peak) / 1024;
}

/** The pid that a role or store of the stack wrote down. */
export async function pidOf(home: string, child: 'api' | 'worker' | 'postgres' | 'redis' | 'clickhouse') {
  return (JSON.parse(await readFile(join(home, 'run', `${child}.pid`), 'utf8')) as { pid: number }).pid;
}

/** kill -9 of every process of the home at one moment, but for those spared: none sees another's end and acts on it. */
export async function killAll(home: string, spared: readonly number[] = []): Promise<void> {
  const signal = async (name: NodeJS.Signals): Promise<void> => {
    for (const { pid } of await processesOf(home)) {
      if (spared.includes(pid)) continue;
      try {
        process.kill(pid, name);
      } catch (cause) {
        // A child of one that was killed before it may have ended with it.
        if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
      }
    }
  };
  await signal('SIGSTOP');
  await signal('SIGKILL');
}
