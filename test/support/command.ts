/** Runs the command line as a person does: a process group of its own, a free port, a home of mode 700. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freshHome } from './homes.js';

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export interface RunningCommand {
  readonly pid: number;
  output(): string;
  /** Waits until the output matches; fails with the output when the command ends first. */
  until(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** To the whole group, as Ctrl-C in a terminal does. */
  signalGroup(signal: NodeJS.Signals): void;
  readonly exited: Promise<number | NodeJS.Signals>;
}

export function runCommand(args: readonly string[], env: Readonly<Record<string, string>>): RunningCommand {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli.ts', ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  });
  let output = '';
  let ended: number | NodeJS.Signals | undefined;
  const changed = new Set<() => void>();
  const notify = () => {
    for (const look of changed) look();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      notify();
    });
  }
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => {
      ended = signal ?? (code as number);
      resolve(ended);
      notify();
    });
  });
  return {
    pid: child.pid as number,
    output: () => output,
    exited,
    signalGroup: (signal) => process.kill(-(child.pid as number), signal),
    until: (pattern, timeoutMs = 120_000) =>
      new Promise((resolve, reject) => {
        const settle = (act: () => void) => {
          changed.delete(look);
          clearTimeout(timer);
          act();
        };
        const look = () => {
          const match = pattern.exec(output);
          if (match) settle(() => resolve(match));
          else if (ended !== undefined)
            settle(() => reject(new Error(`ended with ${ended} before ${pattern}:\n${output}`)));
        };
        const timer = setTimeout(
          () => settle(() => reject(new Error(`no ${pattern} in ${timeoutMs} ms:\n${output}`))),
          timeoutMs,
        );
        changed.add(look);
        look();
      }),
  };
}

export interface GraphqlAnswer {
  readonly status: number;
  readonly data: unknown;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions: { readonly code: string; readonly hint: string | null };
  }[];
}

export interface Stack extends RunningCommand {
  readonly url: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  key(role: string): Promise<string>;
  graphql(role: string, query: string, variables?: object): Promise<GraphqlAnswer>;
  fetch(role: string, path: string, init?: RequestInit): Promise<Response>;
  /** Ctrl-C, then the end; gives the exit code. */
  stop(): Promise<number | NodeJS.Signals>;
}

/** `riskgraph start` or `demo` in a home of its own; resolves when it says that it serves. */
export async function startCommand(
  command: 'start' | 'demo',
  options: { readonly env?: Readonly<Record<string, string>>; readonly home?: string } = {},
): Promise<Stack> {
  const home = options.home ?? (await freshHome());
  const port = await freePort();
  const env = { RISKGRAPH_HOME: home, PORT: String(port), ...options.env };
  const running = runCommand([command], env);
  const url = `http://127.0.0.1:${port}`;
  const key = async (role: string): Promise<string> => {
    const match = new RegExp(`^${role}(?::[^=]*)?=(.+)$`, 'm').exec(await readFile(join(home, 'keys'), 'utf8'));
    return (match?.[1] as string).trim();
  };
  const call = async (role: string, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${url}${path}`, { ...init, headers: { ...init.headers, authorization: `Bearer ${await key(role)}` } });
  await running.until(command === 'demo' ? /Ctrl-C ends it; running jobs/ : /Riskgraph serves at/, 240_000);
  return {
    ...running,
    url,
    home,
    env,
    key,
    fetch: call,
    graphql: async (role, query, variables = {}) => {
      const response = await call(role, '/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      });
      return { status: response.status, ...((await response.json()) as Omit<GraphqlAnswer, 'status'>) };
    },
    stop: async () => {
      running.signalGroup('SIGINT');
      const code = await running.exited;
      if (!options.home) await rm(home, { recursive: true, force: true });
      return code;
    },
  };
}
