/** Runs the fixture stack as a process group of its own, as a terminal would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { typescriptFlags } from '../../src/embedded/clickhouse.js';

export interface Ready {
  readonly url: string;
  readonly stores: { readonly postgresUrl: string; readonly redisUrl: string; readonly clickhouseUrl: string };
}

export interface StackProcess {
  readonly process: ChildProcess;
  readonly pid: number;
  /** The READY line; rejects with the output when it ends first. */
  readonly ready: Promise<Ready>;
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** The same, once everything that it and its roles wrote has been read. */
  readonly closed: Promise<number | string>;
  output(): string;
  /** What the role fixtures noted, in order. */
  events(): Promise<string[]>;
  /** To the whole group, as Ctrl-C in a terminal does. */
  signalGroup(signal: NodeJS.Signals): void;
}

/** Stores that nothing in the fixture stack connects to. */
export const UNUSED_STORES = {
  POSTGRES_URL: 'postgres://nobody@127.0.0.1:1/none',
  CLICKHOUSE_URL: 'http://127.0.0.1:1/none',
};

export function runStack(home: string, env: NodeJS.ProcessEnv): StackProcess {
  const events = join(home, 'events');
  const child = spawn(
    process.execPath,
    [...typescriptFlags(), fileURLToPath(new URL('./fixtures/stack.ts', import.meta.url))],
    {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, JOB_MS: '0', EVENTS: events, RISKGRAPH_HOME: home, ...env },
    },
  );
  let output = '';
  let resolveReady: (ready: Ready) => void;
  let rejectReady: (cause: Error) => void;
  const ready = new Promise<Ready>((resolve, reject) => {
    resolveReady = resolve;
    rejectReady = reject;
  });
  ready.catch(() => undefined);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      const line = /^READY (.*)\n/m.exec(output)?.[1];
      if (line) resolveReady(JSON.parse(line) as Ready);
    });
  }
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => {
      rejectReady(new Error(`the stack ended before it was ready:\n${output}`));
      resolve(signal ?? (code as number));
    });
  });
  const closed = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? (code as number)));
  });
  const pid = child.pid as number;
  return {
    process: child,
    pid,
    ready,
    exited,
    closed,
    output: () => output,
    events: async () => (await readFile(events, 'utf8').catch(() => '')).trim().split('\n'),
    signalGroup: (signal) => process.kill(-pid, signal),
  };
}
