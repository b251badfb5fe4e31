import { randomBytes } from 'node:crypto';
import { ident, raw, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import type { ClickHouse, QueryOptions } from '../../warehouse/client.js';
import { dropSetTables, type FreshNames, freshNames, hasTable, setNames, stopStatements } from './tables.js';

/** Every statement of a set but the caller's own spine SQL ends, rather than take more memory than this. */
const MEMORY_A_QUERY = 3_000_000_000;
/** Begins the rows of the ledger that name the holders of the set: the last in their order holds it. */
const HOLDER = 'owner:';
/** Begins the rows that keep a long checkpoint; it counts once a row of a step names it. */
const LONG = 'fact:';
/** Begins the rows of the steps that are done, each with its checkpoint. */
const DONE = 'done:';

/** The result of a step, kept when it is done. `table` and `computed` are tables that it made and leaves to other steps. */
export type Checkpoint = Readonly<Record<string, unknown>>;

/**
 * The checkpoints of a training set, kept in ClickHouse beside the set's tables: a worker that takes up the work, in any process, begins at the
 * first step without one. A worker that was paused may wake at any statement, long after another took its set: it writes under names of its
 * own, and its checkpoints count only while it holds the set, so that nothing is stored twice and nothing is missing.
 */
export interface Checkpoints {
  readonly options: QueryOptions;
  /** Names of the tables and parts that a step writes. */
  readonly fresh: FreshNames;
  /** Hexadecimal; no other worker has it. */
  readonly token: string;
  /** Tokens of the workers that held the set before, oldest first. */
  readonly earlier: readonly string[];
  /** Does a step unless it was done before, and returns its checkpoint. A step may be repeated: it writes only where `fresh` says. */
  once<C extends Checkpoint>(name: string, work: () => Promise<C>): Promise<C>;
  /** The checkpoint of a step that is done. */
  get<C extends Checkpoint>(name: string): C | undefined;
  /** False once another worker has opened the set, or has finished it. */
  isHeld(): Promise<boolean>;
  /** @throws the signal's reason, or STORE_UNAVAILABLE where another worker holds the set */
  check(): Promise<void>;
  /** Stops the set's statements wherever they run. */
  stop(): Promise<void>;
  /** Drops all tables of the set but the one named. */
  drop(but?: string): Promise<void>;
  /** Where another worker holds the set: leaves nothing that only this one would drop. */
  leave(): Promise<void>;
}

export interface CheckpointsRequest {
  readonly id: string;
  /** Identifies what is asked for and how it is built: the checkpoints of another fingerprint are of no use. */
  readonly fingerprint: string;
  readonly signal: AbortSignal;
}

/** The error of a worker that was stopped for so long that another took up its set. */
const overtaken = (id: string): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `another worker has taken up the training set '${id}' since this one did`,
    hint: 'nothing is to be done: the other finishes it',
  });

interface Holder {
  /** As the ledger has it. */
  readonly row: string;
  readonly token: string;
  readonly earlier: readonly string[];
}

/**
 * Takes the set from its earlier holder and opens its checkpoints: a statement of an earlier attempt that still runs is stopped, and its process
 * does no further step.
 * @throws STORE_UNAVAILABLE where another worker opens it at the same moment and comes first
 */
export async function openCheckpoints(store: ClickHouse, request: CheckpointsRequest): Promise<Checkpoints> {
  const { id, signal } = request;
  const names = setNames(id);
  const { ledger } = names;

  // Before its statements are stopped, so that it knows why.
  let own = (await hasTable(store, ledger)) ? await takeOver(store, ledger, id) : null;
  await stopStatements(store, names);
  // After the row of the new holder: what an earlier one records from here on does not count, and what it recorded before is there.
  let done = await doneCheckpoints(store, ledger);
  if (done.get('request')?.fingerprint === request.fingerprint) {
    await dropSetTables(store, names, { but: [ledger, ...tablesOf(done)] });
  } else {
    await dropSetTables(store, names);
    done = new Map();
    const columns = raw('(step String, fact String) ENGINE = MergeTree ORDER BY step');
    await store.run('training-set-create', sql`CREATE TABLE IF NOT EXISTS ${ident(ledger)} ${columns}`);
    own = null;
  }
  const { row, token, earlier } = own ?? (await takeOver(store, ledger, id));
  const isHeld = async (): Promise<boolean> => (await holders(store, ledger)).at(-1) === row;
  const check = async (): Promise<void> => {
    signal.throwIfAborted();
    if (!(await isHeld())) throw overtaken(id);
  };

  const checkpoints: Checkpoints = {
    options: { signal, settings: { max_memory_usage: String(MEMORY_A_QUERY) } },
    fresh: freshNames(names, token),
    token,
    earlier,
    isHeld,
    check,
    get: <C extends Checkpoint>(name: string) => done.get(name) as C | undefined,
    async once(name, work) {
      type C = Awaited<ReturnType<typeof work>>;
      const kept = done.get(name);
      if (kept) return kept as C;
      signal.throwIfAborted();
      const checkpoint = await work();
      await record(store, ledger, { holder: row, name, checkpoint });
      done.set(name, checkpoint);
      // Holders only follow one another: the one that still holds the set held it when the checkpoint was recorded.
      await check();
      return checkpoint;
    },
    stop: () => stopStatements(store, names),
    drop: (but) => dropSetTables(store, names, but === undefined ? {} : { but: [but] }),
    async leave() {
      // A later holder drops all there is; where the set has no holder any more, what this one made since would stay for ever.
      if (!(await hasTable(store, ledger))) await dropSetTables(store, names, { but: tablesOf(done), token });
    },
  };
  await checkpoints.once('request', async () => ({ fingerprint: request.fingerprint }));
  return checkpoints;
}

const into = (table: string) => ({ table, columns: ['step', 'fact'] as [string, ...string[]] });

/** Longer checkpoints travel as rows: the parameters of a statement are in the address of its request. */
const SHORT = 1_000;

/** Counts only while the holder holds the set: the statement that records it looks itself. */
async function record(
  store: ClickHouse,
  ledger: string,
  { holder, name, checkpoint }: { readonly holder: string; readonly name: string; readonly checkpoint: Checkpoint },
): Promise<void> {
  let text = JSON.stringify(checkpoint);
  if (text.length > SHORT) {
    const key = `${LONG}${randomBytes(12).toString('hex')}`;
    await store.insert('training-set-checkpoint', into(ledger), [[key, text]]);
    text = key;
  }
  await store.run(
    'training-set-checkpoint',
    sql`INSERT INTO ${ident(ledger)} (step, fact) SELECT ${`${DONE}${name}`}, ${text}
      WHERE (SELECT max(step) FROM ${ident(ledger)} WHERE startsWith(step, ${HOLDER})) = ${holder}`,
  );
}

async function doneCheckpoints(store: ClickHouse, ledger: string): Promise<Map<string, Checkpoint>> {
  if (!(await hasTable(store, ledger))) return new Map();
  const rows = await store.rows<{ step: string; fact: string }>(
    'training-set-checkpoints',
    sql`SELECT step, fact FROM ${ident(ledger)}`,
  );
  const texts = new Map(rows.map(({ step, fact }) => [step, fact]));
  return new Map(
    rows.flatMap(({ step, fact }) =>
      step.startsWith(DONE) ? [[step.slice(DONE.length), JSON.parse(texts.get(fact) ?? fact) as Checkpoint]] : [],
    ),
  );
}

const tablesOf = (done: ReadonlyMap<string, Checkpoint>): readonly string[] =>
  [...done.values()].flatMap(({ table, computed }) => [table, computed].filter((name) => typeof name === 'string'));

const tokenOf = (row: string): string => row.split(':')[2] as string;

/** Records that this worker holds the set from now on. */
async function takeOver(store: ClickHouse, ledger: string, id: string): Promise<Holder> {
  const before = await holders(store, ledger);
  const token = randomBytes(6).toString('hex');
  const number = Number(before.at(-1)?.split(':')[1] ?? 0) + 1;
  const row = `${HOLDER}${String(number).padStart(9, '0')}:${token}`;
  await store.insert('training-set-checkpoint', into(ledger), [[row, '{}']]).catch(async (error: unknown) => {
    // The earlier holder has finished the set meanwhile.
    throw (await hasTable(store, ledger)) ? error : overtaken(id);
  });
  if ((await holders(store, ledger)).at(-1) !== row) throw overtaken(id);
  return { row, token, earlier: before.map(tokenOf) };
}

/** In the order in which they took the set; none where the set is done. */
async function holders(store: ClickHouse, ledger: string): Promise<readonly string[]> {
  try {
    const holderRows = await store.rows<{ step: string }>(
      'training-set-holder',
      sql`SELECT step FROM ${ident(ledger)} WHERE startsWith(step, ${HOLDER}) ORDER BY step`,
    );
    return holderRows.map(({ step }) => step);
  } catch (error) {
    if (await hasTable(store, ledger)) throw error;
    return [];
  }
}

/** Whether another attempt may succeed, so that what is done is kept for it. */
export const mayPass = (error: unknown): boolean =>
  error instanceof RiskgraphError && ['STORE_UNAVAILABLE', 'OVERLOADED', 'TIMEOUT'].includes(error.code);
