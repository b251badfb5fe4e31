/** Runs the command line as a person does: a process group of its own, a free port, a home of mode 700. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../src/embedded/free-port.js';
import { MIDDAY_ENV } from './clock.js';

export interface RunningCommand {
  readonly pid: number;
  output(): string;
  /** Waits until the output matches; fails with the output when the command ends first. */
  until(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  isRunning(): boolean;
  /** To the whole group, as Ctrl-C in a terminal does. */
  signalGroup(signal: NodeJS.Signals): void;
  readonly exited: Promise<number | NodeJS.Signals>;
}

export const runCommand = (args: readonly string[], env: Readonly<Record<string, string>>): RunningCommand =>
  runProgram('src/cli.ts', args, env);

/** Runs one of our entry files at midday; it sees no variable of ours but those given, and finds its code compiled. */
export function runProgram(
  entry: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): RunningCommand {
  const child = spawn(process.execPath, ['--import', './bin/typescript.js', entry, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ...MIDDAY_ENV,
      // A machine with much to do answers late, and no test of a program is about that.
      RISKGRAPH_DEADLINE_MS: '60000',
      ...env,
    },
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
    isRunning: () => ended === undefined,
    signalGroup: (signal) => {
      try {
        process.kill(-(child.pid as number), signal);
      } catch (cause) {
        // It ended by itself, and we are yet to be told.
        if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
      }
    },
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
  readonly data?: unknown;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions: { readonly code: string; readonly hint: string | null };
  }[];
}

/** Speaks to a served API as one of its roles. */
export interface Caller {
  readonly url: string;
  key(role: string): Promise<string>;
  fetch(role: string, path: string, init?: RequestInit): Promise<Response>;
  graphql(role: string, query: string, variables?: object): Promise<GraphqlAnswer>;
  /** The data of an answer without errors. */
  ask<T>(role: string, query: string, variables?: object): Promise<T>;
  /** What a subscription sends, until it ends; throws at the first error. */
  subscribe<T>(role: string, query: string, variables?: object): AsyncGenerator<T>;
}

export interface Stack extends RunningCommand, Caller {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  /** Ctrl-C, then the end; gives the exit code. */
  stop(): Promise<number | NodeJS.Signals>;
}

/** Keys of a home, as the operator finds them. */
const keysOfHome =
  (home: string) =>
  async (role: string): Promise<string> => {
    const match = new RegExp(`^${role}(?::[^=]*)?=(.+)$`, 'm').exec(await readFile(join(home, 'keys'), 'utf8'));
    if (!match?.[1]) throw new Error(`${home}/keys holds no key of role ${role}`);
    return match[1].trim();
  };

export function callerOf(url: string, key: (role: string) => Promise<string>): Caller {
  const call = async (role: string, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${url}${path}`, { ...init, headers: { ...init.headers, authorization: `Bearer ${await key(role)}` } });
  const post = (role: string, path: string, query: string, variables: object, headers = {}): Promise<Response> =>
    call(role, path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    });
  const graphql: Caller['graphql'] = async (role, query, variables = {}) => {
    const response = await post(role, '/graphql', query, variables);
    return { status: response.status, ...((await response.json()) as Omit<GraphqlAnswer, 'status'>) };
  };
  return {
    url,
    key,
    fetch: call,
    graphql,
    async ask<T>(role: string, query: string, variables = {}) {
      const { data, errors, status } = await graphql(role, query, variables);
      if (errors || status !== 200) throw new Error(`${status} ${JSON.stringify(errors)}`);
      return data as T;
    },
    async *subscribe<T>(role: string, query: string, variables = {}) {
      const response = await post(role, '/graphql/stream', query, variables, { accept: 'text/event-stream' });
      if (!response.ok || !response.body) throw new Error(`${response.status} ${await response.text()}`);
      let text = '';
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const messages = text.split('\n\n');
        text = messages.pop() as string;
        for (const message of messages) {
          const [, event, data] = /^event: (\w+)\ndata: ?(.*)$/m.exec(message) ?? [];
          if (event === 'complete') return;
          if (event !== 'next') continue;
          const { data: value, errors } = JSON.parse(data as string) as { data?: T; errors?: unknown };
          if (errors) throw new Error(JSON.stringify(errors));
          yield value as T;
        }
      }
    },
  };
}

interface StartOptions {
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Keys that the environment gives; those of the home where absent. */
  readonly keys?: (role: string) => Promise<string>;
}

/** Another program may take a port between our finding it free and the stack's listening on it. */
const PORTS_TRIED = 3;

/** `riskgraph start` or `demo`; resolves when it says that it serves. The home is the caller's to remove. */
export async function startCommand(command: 'start' | 'demo', options: StartOptions): Promise<Stack> {
  for (let tried = 1; ; tried++) {
    try {
      return await startOnce(command, options);
    } catch (cause) {
      if (tried === PORTS_TRIED || !/is in use by another program|EADDRINUSE/.test(String(cause))) throw cause;
    }
  }
}

async function startOnce(command: 'start' | 'demo', options: StartOptions): Promise<Stack> {
  const { home } = options;
  const port = await freePort();
  const env = { RISKGRAPH_HOME: home, PORT: String(port), ...options.env };
  const running = runCommand([command], env);
  try {
    await running.until(command === 'demo' ? /Ctrl-C ends it; running jobs/ : /Riskgraph serves at/, 400_000);
  } catch (cause) {
    if (running.isRunning()) running.signalGroup('SIGINT');
    await running.exited;
    throw cause;
  }
  return {
    ...running,
    ...callerOf(`http://127.0.0.1:${port}`, options.keys ?? keysOfHome(home)),
    home,
    env,
    stop: async () => {
      if (running.isRunning()) running.signalGroup('SIGINT');
      return running.exited;
    },
  };
}

/** Runs a command to its end. */
export async function runToEnd(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | NodeJS.Signals; readonly output: string }> {
  const running = runCommand(args, env);
  return { code: await running.exited, output: running.output() };
}
