import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { RiskgraphError } from '../core/errors.js';
import { ident, param, raw, type Sql, sql } from '../core/sql.js';
import type { ClickHouse, QueryOptions } from './client.js';

/** Begins the names of all working tables of all sets. */
const TABLES = 'training_';
/** A set whose tables are older was left by a worker that nobody started again. */
const LEFT_AFTER_DAYS = 3;
/** Every statement of a set but the caller's own spine SQL ends, rather than take more memory than this. */
export const MEMORY_A_QUERY = 3_000_000_000;
const STOP_POLL_MS = 50;
/** About a minute: a worker must not wait for ever for a statement that the store has lost. */
const STOP_POLLS = 1_000;
/** Begins the rows of the ledger that say who works on the set: the last in their order does. */
const OWNER = 'owner:';

/** What a step found out, kept with the word that it is done. */
export type Fact = Readonly<Record<string, unknown>>;

/**
 * What is done of a training set, kept in ClickHouse beside the set's tables: whoever takes the work up again, in whatever process, begins at
 * the first step that is not.
 */
export interface Steps {
  /** Name of one of the set's tables. */
  table(name: string): string;
  readonly options: QueryOptions;
  /**
   * Does a step unless it was done before, and returns its fact. `undo` first removes what an attempt that was broken off may have left; both
   * together must be repeatable.
   */
  once<F extends Fact>(
    name: string,
    step: { readonly undo?: () => Promise<void>; readonly work: () => Promise<F> },
  ): Promise<F>;
  isDone(name: string): boolean;
  /** False once another has opened the set, or is done with it: its tables are not this one's any more. */
  isOurs(): Promise<boolean>;
  /** Stops the set's statements wherever they run. */
  stop(): Promise<void>;
  /** Drops all tables of the set. */
  drop(): Promise<void>;
}

export interface StepsRequest {
  readonly id: string;
  /** Of what is asked for and how it is worked on: what was done for another one is of no use. */
  readonly fingerprint: string;
  readonly signal: AbortSignal;
}

/** What a worker meets that was stopped for so long that another has taken up its set. */
export const overtaken = (id: string): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `another worker has taken up the training set '${id}' since this one did`,
    hint: 'nothing is to be done: the other finishes it',
  });

/**
 * Opens the steps of a set, which takes it from whoever had it: a statement of an earlier attempt that still runs is stopped, for it would write
 * beside this one, and its process does no further step.
 */
export async function openSteps(store: ClickHouse, request: StepsRequest): Promise<Steps> {
  const { signal } = request;
  const prefix = `${TABLES}${request.id.replace(/\W/g, '')}_`;
  const table = (name: string): string => `${prefix}${name}`;
  const ledger = table('steps');
  const options: QueryOptions = { signal, settings: { max_memory_usage: String(MEMORY_A_QUERY) } };

  // Before its statements are stopped, so that it knows why.
  let own = (await hasTable(store, ledger)) ? await takeOver(store, ledger) : null;
  await stopStatements(store, prefix);
  let done = await doneSteps(store, ledger);
  if (done.get('request')?.fingerprint !== request.fingerprint) {
    await dropTables(store, prefix);
    done = new Map();
    const columns = raw('(step String, fact String) ENGINE = MergeTree ORDER BY step');
    await store.run('training-set-create', sql`CREATE TABLE ${ident(ledger)} ${columns}`);
    own = null;
  }
  own ??= await takeOver(store, ledger);
  const isOurs = async (): Promise<boolean> => (await newestOwner(store, ledger)) === own;
  const refuseOvertaken = async (): Promise<void> => {
    signal.throwIfAborted();
    if (!(await isOurs())) throw overtaken(request.id);
  };

  const steps: Steps = {
    table,
    options,
    isDone: (name) => done.has(name),
    async once(name, { undo, work }) {
      type F = Awaited<ReturnType<typeof work>>;
      const known = done.get(name);
      if (known) return known as F;
      await refuseOvertaken();
      await undo?.();
      const fact = await work();
      await refuseOvertaken();
      const into = { table: ledger, columns: ['step', 'fact'] as [string, ...string[]] };
      await store.insert('training-set-step', into, [[name, JSON.stringify(fact)]]);
      done.set(name, fact);
      return fact;
    },
    isOurs,
    stop: () => stopStatements(store, prefix),
    drop: () => dropTables(store, prefix),
  };
  await steps.once('request', { work: async () => ({ fingerprint: request.fingerprint }) });
  return steps;
}

async function hasTable(store: ClickHouse, name: string): Promise<boolean> {
  const [there] = await store.rows<{ total: string }>(
    'training-set-tables',
    sql`SELECT count() AS total FROM system.tables WHERE database = currentDatabase() AND name = ${name}`,
  );
  return Number(there?.total) > 0;
}

async function doneSteps(store: ClickHouse, ledger: string): Promise<Map<string, Fact>> {
  if (!(await hasTable(store, ledger))) return new Map();
  const rows = await store.rows<{ step: string; fact: string }>(
    'training-set-steps',
    sql`SELECT step, fact FROM ${ident(ledger)}`,
  );
  return new Map(rows.map(({ step, fact }) => [step, JSON.parse(fact) as Fact]));
}

/** The name of whoever works on the set from now on. */
async function takeOver(store: ClickHouse, ledger: string): Promise<string> {
  const number = Number((await newestOwner(store, ledger))?.split(':')[1] ?? 0) + 1;
  const own = `${OWNER}${String(number).padStart(9, '0')}:${randomUUID()}`;
  await store.insert('training-set-step', { table: ledger, columns: ['step', 'fact'] }, [[own, '{}']]);
  return own;
}

/** Null where nobody works on the set any more. */
async function newestOwner(store: ClickHouse, ledger: string): Promise<string | null> {
  try {
    const [found] = await store.rows<{ newest: string }>(
      'training-set-owner',
      sql`SELECT max(step) AS newest FROM ${ident(ledger)} WHERE startsWith(step, ${OWNER})`,
    );
    return found?.newest || null;
  } catch (error) {
    if (await hasTable(store, ledger)) throw error;
    return null;
  }
}

/** Going away stops no statement that writes: the server is told, and is done with it when none is left. */
async function stopStatements(store: ClickHouse, prefix: string): Promise<void> {
  // The prefix is letters, digits and underscores; KILL takes no parameters.
  const ours = raw(
    `current_database = currentDatabase() AND position(query, '${prefix}') > 0 AND position(query, 'system.processes') = 0 AND query_kind != 'KillQuery'`,
  );
  const [found] = await store.rows<{ total: string }>(
    'training-set-running',
    sql`SELECT count() AS total FROM system.processes WHERE ${ours}`,
  );
  if (Number(found?.total) === 0) return;
  // Its SYNC form waits for ever in the embedded store. Said again while one is left: a statement that is only being planned may not hear it.
  for (let polls = 0; polls < STOP_POLLS; polls += 1) {
    await store.run('training-set-stop', sql`KILL QUERY WHERE ${ours} ASYNC`);
    await sleep(STOP_POLL_MS);
    const [left] = await store.rows<{ total: string }>(
      'training-set-running',
      sql`SELECT count() AS total FROM system.processes WHERE ${ours}`,
    );
    if (Number(left?.total) === 0) return;
  }
  throw new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: 'ClickHouse does not end a statement of the training set, though it was told to',
    hint: 'create the set again, or see system.processes: a statement that stays there ends with the server',
  });
}

async function dropTables(store: ClickHouse, prefix: string): Promise<void> {
  const tables = await store.rows<{ name: string }>(
    'training-set-tables',
    // The ledger goes last: without it nothing would say whose the others are.
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, ${prefix}) ORDER BY endsWith(name, '_steps')`,
  );
  for (const { name } of tables) await store.run('training-set-drop', sql`DROP TABLE IF EXISTS ${ident(name)} SYNC`);
}

/** Drops what sets of days ago have left: their workers were killed and their jobs cancelled before another took them up. */
export async function sweepTrainingSets(store: ClickHouse): Promise<void> {
  const left = await store.rows<{ name: string }>(
    'training-set-sweep',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, ${TABLES}) AND endsWith(name, '_steps')
      AND metadata_modification_time < now() - toIntervalDay(${param('UInt16', LEFT_AFTER_DAYS)})`,
  );
  for (const { name } of left) await dropTables(store, name.slice(0, -'steps'.length));
}

/** Whether another attempt may succeed, so that what is done is kept for it. */
export const mayPass = (error: unknown): boolean =>
  error instanceof RiskgraphError && ['STORE_UNAVAILABLE', 'OVERLOADED', 'TIMEOUT'].includes(error.code);

/** Empties one part of a table whose parts are numbered. */
export const emptyPart = (store: ClickHouse, table: string, part: number, options: QueryOptions): Promise<void> =>
  store.run('training-set-undo', sql`ALTER TABLE ${ident(table)} DROP PARTITION ${raw(String(part))}`, options);

/** A table in numbered parts, each in the order of `rid`. */
export const partsDdl = (table: string, columns: Sql): Sql =>
  sql`CREATE TABLE IF NOT EXISTS ${ident(table)} (part UInt32, rid UInt64, ${columns}) ENGINE = MergeTree PARTITION BY part ORDER BY rid`;
