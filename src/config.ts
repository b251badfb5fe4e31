import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { RiskgraphError } from './core/errors.js';
import { serverUrl } from './core/server-url.js';

const blankAsAbsent = (value: unknown): unknown => (value === '' ? undefined : value);
const optional = <T extends z.ZodType>(type: T) => z.preprocess(blankAsAbsent, type.optional());
const withDefault = <T extends z.ZodType>(type: T, value: z.input<T>) =>
  z.preprocess((given) => blankAsAbsent(given) ?? value, type);

const timezone = z.string().refine(
  (name) => {
    try {
      return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
    } catch {
      return false;
    }
  },
  { message: "is not an IANA time zone such as 'Asia/Shanghai'" },
);

/** An operator who has the server's keys may call it as its admin. */
const adminKeyIn = (keys: string | undefined): string | undefined =>
  /(?:^|,)\s*admin(?::[^=,]*)?=([^,\s]+)/.exec(keys ?? '')?.[1];

/** Anyone who may write the file may make a key for itself. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * The entries of the file of keys that RISKGRAPH_KEYS_FILE names: one a line, `role=key` or `role:name=key`; lines that begin with # and
 * empty lines are none.
 * @returns the entries as RISKGRAPH_KEYS has them
 * @throws a sentence that names the file, and holds none of its text
 */
function keysOfFile(path: string): string {
  let text: string;
  let mode: number;
  try {
    text = readFileSync(path, 'utf8');
    mode = statSync(path).mode;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`names ${path}, which cannot be read (${code}): give the user that runs the server the right to`);
  }
  if ((mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new Error(`names ${path}, which others than its owner may write: chmod go-w ${path}`);
  }
  const entries = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (entries.length === 0) throw new Error(`names ${path}, which holds no key: write role=key, one a line`);
  return entries.join(',');
}

const fileOfKeys = z.string().transform((path, context) => {
  try {
    return keysOfFile(path);
  } catch (cause) {
    context.addIssue({ code: 'custom', message: (cause as Error).message });
    return z.NEVER;
  }
});

const Environment = z
  .object({
    PORT: withDefault(z.coerce.number().int().min(0).max(65_535), 4000),
    HOST: withDefault(z.string(), '127.0.0.1'),
    RISKGRAPH_HOME: withDefault(z.string(), './.riskgraph'),
    RISKGRAPH_DEFINITIONS: optional(z.string()),
    POSTGRES_URL: optional(z.string()),
    REDIS_URL: optional(z.string()),
    CLICKHOUSE_URL: optional(z.string()),
    RISKGRAPH_KEYS: optional(z.string()),
    RISKGRAPH_KEYS_FILE: optional(fileOfKeys),
    RISKGRAPH_KEY: optional(z.string()),
    RISKGRAPH_URL: optional(z.url()),
    RISKGRAPH_TIMEZONE: withDefault(timezone, 'Asia/Shanghai'),
    RISKGRAPH_CURRENCY: withDefault(z.string().regex(/^[A-Z]{3}$/, 'is not a three-letter currency code'), 'CNY'),
    RISKGRAPH_DATUM: withDefault(z.enum(['WGS84', 'GCJ02', 'BD09']), 'WGS84'),
    RISKGRAPH_EP: withDefault(z.enum(['cpu', 'cuda', 'webgpu']), 'cpu'),
    RISKGRAPH_DEMO_CUSTOMERS: withDefault(z.coerce.number().int().min(100).max(10_000_000), 5000),
    RISKGRAPH_LOG_LEVEL: withDefault(z.enum(['debug', 'info', 'warn', 'error']), 'info'),
    RISKGRAPH_BACKFILL_VIEWS: withDefault(z.coerce.number().int().min(1).max(4), 2),
    RISKGRAPH_METRICS_PORT: withDefault(z.coerce.number().int().min(0).max(65_535), 4001),
    RISKGRAPH_WORKER_METRICS_URL: optional(z.url()),
    RISKGRAPH_DEADLINE_MS: withDefault(z.coerce.number().int().min(1).max(600_000), 300),
    RISKGRAPH_RATE_LIMIT: optional(z.string()),
    RISKGRAPH_AUDIT_DAYS: optional(z.coerce.number().int().min(31).max(36_500)),
    RISKGRAPH_QUARANTINE_ROWS: withDefault(z.coerce.number().int().min(20).max(10_000_000), 10_000),
    RISKGRAPH_IDLE_BODY_SECONDS: withDefault(z.coerce.number().int().min(1).max(3_600), 60),
    RISKGRAPH_UNFINISHED_SETS: withDefault(z.coerce.number().int().min(1).max(10_000), 10),
    RISKGRAPH_SPINE_ROWS: withDefault(z.coerce.number().int().min(1), 50_000_000),
    RISKGRAPH_SPINE_BYTES: withDefault(z.coerce.number().int().min(1), 8 * 2 ** 30),
    RISKGRAPH_STALE_SHARE: withDefault(z.coerce.number().min(0).max(1), 0.05),
    RISKGRAPH_HISTORY_ROWS: withDefault(z.coerce.number().int().min(0), 10_000_000),
    RISKGRAPH_HISTORY_SECONDS: withDefault(z.coerce.number().int().min(0), 600),
    RISKGRAPH_REPUBLISH_DAYS: withDefault(z.coerce.number().int().min(0).max(31), 3),
    RISKGRAPH_SPINE_DAYS: withDefault(z.coerce.number().int().min(1).max(36_500), 30),
  })
  .refine((env) => env.RISKGRAPH_KEYS === undefined || env.RISKGRAPH_KEYS_FILE === undefined, {
    path: ['RISKGRAPH_KEYS_FILE'],
    message: 'is set beside RISKGRAPH_KEYS: leave one of them out',
  });

/** Reads the environment once; every problem is listed before it fails. */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env) {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    throw new RiskgraphError({
      code: 'BAD_USER_INPUT',
      message: `the environment is not usable: ${problems.join('; ')}`,
      hint: 'correct the variables named; the README lists each with its default',
    });
  }
  const env = parsed.data;
  const home = resolve(env.RISKGRAPH_HOME);
  const keys = env.RISKGRAPH_KEYS ?? env.RISKGRAPH_KEYS_FILE;
  return {
    http: { port: env.PORT, host: env.HOST },
    /** As given: parsed by the HTTP server. */
    rateLimit: env.RISKGRAPH_RATE_LIMIT,
    /** How long a decision waits that names no deadline. */
    decisionDeadlineMs: env.RISKGRAPH_DEADLINE_MS,
    /** How long entries of the audit log are kept; undefined: for ever. */
    auditDays: env.RISKGRAPH_AUDIT_DAYS,
    /** Rejected rows of one import that are kept; the rest is counted. */
    quarantineRows: env.RISKGRAPH_QUARANTINE_ROWS,
    /** How long the sender of a body may be silent. */
    idleBodySeconds: env.RISKGRAPH_IDLE_BODY_SECONDS,
    /** Most training sets of one key at a time that are not built yet. */
    unfinishedSets: env.RISKGRAPH_UNFINISHED_SETS,
    /** Most that a spine may be: the rows of SQL, bytes before compression, and an upload, bytes as sent. */
    spineLimits: { rows: env.RISKGRAPH_SPINE_ROWS, bytes: env.RISKGRAPH_SPINE_BYTES },
    /** The share of a training set's rows at whose instants a view may have had no as-of in force, or only one past its maxAge. */
    staleShare: env.RISKGRAPH_STALE_SHARE,
    /** Most history that one training set computes first, by its estimate. */
    historyBudget: { rows: env.RISKGRAPH_HISTORY_ROWS, seconds: env.RISKGRAPH_HISTORY_SECONDS },
    /** How long an uploaded spine stays from which no training set is made. */
    spineDays: env.RISKGRAPH_SPINE_DAYS,
    /** How many days of as-ofs are published again by themselves once rows of them come late; 0: none. */
    republishDays: env.RISKGRAPH_REPUBLISH_DAYS,
    home,
    /** The project whose definitions are laid over the product's. */
    project: env.RISKGRAPH_DEFINITIONS === undefined ? undefined : resolve(env.RISKGRAPH_DEFINITIONS),
    postgresUrl: env.POSTGRES_URL,
    redisUrl: env.REDIS_URL,
    clickhouseUrl: env.CLICKHOUSE_URL,
    /** As given: parsed by the key ring, never logged. */
    keys,
    /** The setting that gives the keys, for errors about them. */
    keysSetting: env.RISKGRAPH_KEYS_FILE === undefined ? 'RISKGRAPH_KEYS' : 'the file of RISKGRAPH_KEYS_FILE',
    /** The key by which a command calls the stack that it starts, where the environment gives the stack's keys. */
    adminKey: adminKeyIn(keys),
    /** The server and key of command-line clients. */
    client: {
      key: env.RISKGRAPH_KEY ?? adminKeyIn(keys),
      url: env.RISKGRAPH_URL ?? serverUrl(env.HOST, env.PORT),
    },
    portfolio: { timezone: env.RISKGRAPH_TIMEZONE, currency: env.RISKGRAPH_CURRENCY, datum: env.RISKGRAPH_DATUM },
    executionProvider: env.RISKGRAPH_EP,
    /** Where a worker serves its metrics. */
    metricsPort: env.RISKGRAPH_METRICS_PORT,
    /** The worker beside this API, whose metrics are part of the API's. */
    workerMetricsUrl: env.RISKGRAPH_WORKER_METRICS_URL,
    /** Views of a backfill that are computed at once. */
    backfillViews: env.RISKGRAPH_BACKFILL_VIEWS,
    demoCustomers: env.RISKGRAPH_DEMO_CUSTOMERS,
    logLevel: env.RISKGRAPH_LOG_LEVEL,
  } as const;
}

export type Config = ReturnType<typeof loadConfig>;
