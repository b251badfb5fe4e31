import { randomBytes } from 'node:crypto';
import { ident, raw, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import type { ClickHouse, QueryOptions } from '../../warehouse/client.js';
import { dropSetTables, type FreshNames, freshNames, hasTable, setNames, stopStatements } from './tables.js';

/** Every statement of a set but the caller's own spine SQL ends, rather than take more memory than this. */
const MEMORY_A_QUERY = 3_000_000_000;
/** Begins the rows of the ledger that say who works on the set: the last in their order does. */
const OWNER = 'owner:';
/** Begins the rows that hold a fact, before it counts. */
const FACT = 'fact:';
/** Begins the rows that say which fact a step is done with. */
const DONE = 'done:';

/** What a step found out, kept with the word that it is done. `table` and `computed` are tables it made and leaves to others. */
export type Fact = Readonly<Record<string, unknown>>;

/**
 * What is done of a training set, kept in ClickHouse beside the set's tables: whoever takes the work up again, in whatever process, begins at
 * the first step that is not. A worker that was paused may wake at any statement, long after another has taken its set: it writes under names
 * that are its own, and its step is recorded only while the set is, so that nothing is there twice and nothing is missing.
 */
export interface Steps {
  readonly options: QueryOptions;
  /** Of the tables and parts that a step writes. */
  readonly fresh: FreshNames;
  /** Hexadecimal, of this worker alone. */
  readonly token: string;
  /** Of workers who had the set before, oldest first. */
  readonly earlier: readonly string[];
  /** Does a step unless it was done before, and returns its fact. It may be done again: it writes only where `fresh` says. */
  once<F extends Fact>(name: string, work: () => Promise<F>): Promise<F>;
  /** The fact of a step that is done. */
  known<F extends Fact>(name: string): F | undefined;
  /** False once another has opened the set, or is done with it. */
  isOurs(): Promise<boolean>;
  /** @throws the signal's reason, or STORE_UNAVAILABLE where the set is another's */
  check(): Promise<void>;
  /** Stops the set's statements wherever they run. */
  stop(): Promise<void>;
  /** Drops all tables of the set but the one named. */
  drop(but?: string): Promise<void>;
  /** Where the set is another's: leaves nothing that this one alone would drop. */
  leave(): Promise<void>;
}

export interface StepsRequest {
  readonly id: string;
  /** Of what is asked for and how it is worked on: what was done for another one is of no use. */
  readonly fingerprint: string;
  readonly signal: AbortSignal;
}

/** What a worker meets that was stopped for so long that another has taken up its set. */
const overtaken = (id: string): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `another worker has taken up the training set '${id}' since this one did`,
    hint: 'nothing is to be done: the other finishes it',
  });

interface Owner {
  /** As the ledger has it. */
  readonly row: string;
  readonly token: string;
  readonly earlier: readonly string[];
}

/**
 * Opens the steps of a set, which takes it from whoever had it: a statement of an earlier attempt that still runs is stopped, and its process
 * does no further step.
 * @throws STORE_UNAVAILABLE where another opens it at the same moment and comes first
 */
export async function openSteps(store: ClickHouse, request: StepsRequest): Promise<Steps> {
  const { id, signal } = request;
  const names = setNames(id);
  const { ledger } = names;

  // Before its statements are stopped, so that it knows why.
  let own = (await hasTable(store, ledger)) ? await takeOver(store, ledger, id) : null;
  await stopStatements(store, names);
  // Behind the mark: what an earlier owner records from here on does not count, and what it recorded before is there.
  let done = await doneSteps(store, ledger);
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
  const isOurs = async (): Promise<boolean> => (await owners(store, ledger)).at(-1) === row;
  const check = async (): Promise<void> => {
    signal.throwIfAborted();
    if (!(await isOurs())) throw overtaken(id);
  };

  const steps: Steps = {
    options: { signal, settings: { max_memory_usage: String(MEMORY_A_QUERY) } },
    fresh: freshNames(names, token),
    token,
    earlier,
    isOurs,
    check,
    known: <F extends Fact>(name: string) => done.get(name) as F | undefined,
    async once(name, work) {
      type F = Awaited<ReturnType<typeof work>>;
      const known = done.get(name);
      if (known) return known as F;
      signal.throwIfAborted();
      const fact = await work();
      await record(store, ledger, { owner: row, name, fact });
      done.set(name, fact);
      // Owners only follow one another: who still is one now was one when the record was made.
      await check();
      return fact;
    },
    stop: () => stopStatements(store, names),
    drop: (but) => dropSetTables(store, names, but === undefined ? {} : { but: [but] }),
    async leave() {
      // Where another has the set it drops all there is; where nobody has it, what this one made since would stay for ever.
      if (!(await hasTable(store, ledger))) await dropSetTables(store, names, { but: tablesOf(done), token });
    },
  };
  await steps.once('request', async () => ({ fingerprint: request.fingerprint }));
  return steps;
}

const into = (table: string) => ({ table, columns: ['step', 'fact'] as [string, ...string[]] });

/** Longer facts travel as rows: the parameters of a statement are in the address of its request. */
const SHORT_FACT = 1_000;

/** Counts only where the set is still the owner's: the statement that says so looks itself. */
async function record(
  store: ClickHouse,
  ledger: string,
  { owner, name, fact }: { readonly owner: string; readonly name: string; readonly fact: Fact },
): Promise<void> {
  let said = JSON.stringify(fact);
  if (said.length > SHORT_FACT) {
    const key = `${FACT}${randomBytes(12).toString('hex')}`;
    await store.insert('training-set-step', into(ledger), [[key, said]]);
    said = key;
  }
  await store.run(
    'training-set-step',
    sql`INSERT INTO ${ident(ledger)} (step, fact) SELECT ${`${DONE}${name}`}, ${said}
      WHERE (SELECT max(step) FROM ${ident(ledger)} WHERE startsWith(step, ${OWNER})) = ${owner}`,
  );
}

async function doneSteps(store: ClickHouse, ledger: string): Promise<Map<string, Fact>> {
  if (!(await hasTable(store, ledger))) return new Map();
  const rows = await store.rows<{ step: string; fact: string }>(
    'training-set-steps',
    sql`SELECT step, fact FROM ${ident(ledger)}`,
  );
  const facts = new Map(rows.map(({ step, fact }) => [step, fact]));
  return new Map(
    rows.flatMap(({ step, fact }) =>
      step.startsWith(DONE) ? [[step.slice(DONE.length), JSON.parse(facts.get(fact) ?? fact) as Fact]] : [],
    ),
  );
}

const tablesOf = (done: ReadonlyMap<string, Fact>): readonly string[] =>
  [...done.values()].flatMap(({ table, computed }) => [table, computed].filter((name) => typeof name === 'string'));

const tokenOf = (row: string): string => row.split(':')[2] as string;

/** Writes down who works on the set from now on. */
async function takeOver(store: ClickHouse, ledger: string, id: string): Promise<Owner> {
  const before = await owners(store, ledger);
  const token = randomBytes(6).toString('hex');
  const number = Number(before.at(-1)?.split(':')[1] ?? 0) + 1;
  const row = `${OWNER}${String(number).padStart(9, '0')}:${token}`;
  await store.insert('training-set-step', into(ledger), [[row, '{}']]).catch(async (error: unknown) => {
    // Whoever had the set has ended it meanwhile.
    throw (await hasTable(store, ledger)) ? error : overtaken(id);
  });
  if ((await owners(store, ledger)).at(-1) !== row) throw overtaken(id);
  return { row, token, earlier: before.map(tokenOf) };
}

/** In the order in which they have taken the set; nobody where the set is done. */
async function owners(store: ClickHouse, ledger: string): Promise<readonly string[]> {
  try {
    const found = await store.rows<{ step: string }>(
      'training-set-owner',
      sql`SELECT step FROM ${ident(ledger)} WHERE startsWith(step, ${OWNER}) ORDER BY step`,
    );
    return found.map(({ step }) => step);
  } catch (error) {
    if (await hasTable(store, ledger)) throw error;
    return [];
  }
}

/** Whether another attempt may succeed, so that what is done is kept for it. */
export const mayPass = (error: unknown): boolean =>
  error instanceof RiskgraphError && ['STORE_UNAVAILABLE', 'OVERLOADED', 'TIMEOUT'].includes(error.code);
