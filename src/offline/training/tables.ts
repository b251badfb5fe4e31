/** The working tables of training sets: their names, the worker that writes to them, and their end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ident, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import type { ClickHouse } from '../../warehouse/client.js';

/** Begins the names of all working tables of all sets. */
const TABLES = 'training_';
/** Begins the name of a table that stays when its set is made: its spine's rows. */
const KEPT = 'kept_spine_';
const LEDGER = 'steps';
/** A set whose tables are older was left by a worker that was never started again. */
const LEFT_AFTER_DAYS = 3;
const STOP_POLL_MS = 50;
/** About a minute: a worker must not wait for ever for a statement that the store has lost. */
const STOP_POLLS = 1_000;
/** Parts that one worker may begin. */
const PARTS_A_WORKER = 2 ** 20;

/** Tables of one set. */
export interface SetNames {
  readonly ledger: string;
  readonly working: string;
  readonly kept: string;
  /** In the text of every statement that names a table of the set. */
  readonly mark: string;
}

export function setNames(id: string): SetNames {
  const word = id.replace(/\W/g, '');
  return {
    ledger: `${TABLES}${word}_${LEDGER}`,
    working: `${TABLES}${word}_`,
    kept: `${KEPT}${word}_`,
    mark: `_${word}_`,
  };
}

/**
 * Names and numbers of one worker that were never given out before: what it writes under them, however late, is only read through a checkpoint
 * that names them.
 */
export interface FreshNames {
  table(name: string): string;
  /** Name of a table that stays when the set is done. */
  keptTable(): string;
  part(): number;
}

/** @param token hexadecimal, at least 8 digits, of this worker alone */
export function freshNames(names: SetNames, token: string): FreshNames {
  const first = Number.parseInt(token.slice(0, 8), 16) * PARTS_A_WORKER;
  let [tables, parts] = [0, 0];
  return {
    table: (name) => `${names.working}${name}_${token}_${++tables}`,
    keptTable: () => `${names.kept}${token}_${++tables}`,
    part: () => first + ++parts,
  };
}

/** A table whose rows are written by several steps, each under a part of its own. */
export interface Parts {
  readonly table: string;
  /** Parts that a checkpoint names; what else is in the table was broken off or overtaken. */
  readonly parts: readonly number[];
}

/** True for the rows that count. */
export const inParts = ({ parts }: Pick<Parts, 'parts'>): Sql =>
  parts.length === 0 ? raw('0') : sql`part IN (${join(parts.map((part) => raw(String(part))))})`;

/** A table in numbered parts, each in the order of `rid`. */
export const partsDdl = (table: string, columns: Sql): Sql =>
  sql`CREATE TABLE ${ident(table)} (part UInt64, rid UInt64, ${columns}) ENGINE = MergeTree PARTITION BY part ORDER BY rid`;

export async function hasTable(store: ClickHouse, name: string): Promise<boolean> {
  const [there] = await store.rows<{ total: string }>(
    'training-set-tables',
    sql`SELECT count() AS total FROM system.tables WHERE database = currentDatabase() AND name = ${name}`,
  );
  return Number(there?.total) > 0;
}

/**
 * Drops the tables of a set but those named. The ledger goes first: checkpoints must not outlive their tables. `token`: only those
 * that this worker has made.
 */
export async function dropSetTables(
  store: ClickHouse,
  { working, kept, ledger }: Pick<SetNames, 'working' | 'ledger'> & Partial<Pick<SetNames, 'kept'>>,
  { but = [], token }: { readonly but?: readonly string[]; readonly token?: string } = {},
): Promise<void> {
  const ours = join(
    [working, ...(kept === undefined ? [] : [kept])].map((prefix) => sql`startsWith(name, ${prefix})`),
    ' OR ',
  );
  const made = token === undefined ? raw('1') : sql`position(name, ${`_${token}_`}) > 0`;
  const tables = await store.rows<{ name: string }>(
    'training-set-tables',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND (${ours}) AND ${made} ORDER BY name != ${ledger}`,
  );
  for (const { name } of tables) {
    if (!but.includes(name)) await store.run('training-set-drop', sql`DROP TABLE IF EXISTS ${ident(name)} SYNC`);
  }
}

/** Drops the tables of sets of days ago, whose workers were killed and whose jobs were cancelled before another took them up. */
export async function sweepTrainingSets(store: ClickHouse): Promise<void> {
  const left = await store.rows<{ name: string }>(
    'training-set-sweep',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, ${TABLES})
      AND metadata_modification_time < now() - toIntervalDay(${param('UInt16', LEFT_AFTER_DAYS)}) ORDER BY name`,
  );
  const old = new Set(left.map(({ name }) => name));
  for (const word of new Set(left.flatMap(({ name }) => /^[a-z]+_([A-Za-z0-9]+)_/.exec(name)?.[1] ?? []))) {
    const { kept, ...names } = setNames(word);
    // Without a ledger the set was made, and what it keeps is its own.
    if (old.has(names.ledger)) await dropSetTables(store, { ...names, kept });
    else if (!(await hasTable(store, names.ledger))) await dropSetTables(store, names);
  }
}

/**
 * Going away stops no statement that writes: the server is told, and is done with it when none is left. Looks at the ledger go on: by them the
 * earlier worker learns that another holds the set.
 */
export async function stopStatements(
  store: ClickHouse,
  { mark, ledger }: Pick<SetNames, 'mark'> & Partial<Pick<SetNames, 'ledger'>>,
): Promise<void> {
  // The mark and the ledger are letters, digits and underscores; KILL takes no parameters.
  const looks = ledger === undefined ? '0' : `query_kind = 'Select' AND position(query, '${ledger}') > 0`;
  const ours = raw(
    `current_database = currentDatabase() AND position(query, '${mark}') > 0 AND position(query, 'system.processes') = 0 AND query_kind != 'KillQuery' AND NOT (${looks})`,
  );
  const [answer] = await store.rows<{ total: string }>(
    'training-set-running',
    sql`SELECT count() AS total FROM system.processes WHERE ${ours}`,
  );
  if (Number(answer?.total) === 0) return;
  // Told again while one is left: a statement that began after the last time was not told.
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
