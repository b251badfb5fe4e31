/** The tables in which computed runs wait to become history: one a run, or one for several runs of a view that were computed together. */
import type { View } from '../../core/definitions/definitions.js';
import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import { formatInstant } from '../../core/helpers/time.js';
import type { Run } from '../../core/ports/offline.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { tableNames } from './tables.js';

export interface StageTables {
  /** Complete once it is there. */
  readonly stage: Sql;
  /** All rows of the queries, NULL keys too. */
  readonly computed: Sql;
  readonly next: Sql;
  readonly computedName: string;
  /** Keys that runs have set aside, while their ends are sought. */
  readonly unsure: Sql;
  readonly unsureName: string;
}

/** Suffixes of tables that are no stage yet. */
const COMPUTED = '__computed';
const NEXT = '__next';
const UNSURE = '__unsure';

/** Each holder makes tables of its own: the rows of two could otherwise meet in one. */
export function stageTables(view: View, runs: readonly number[], fencingToken: number): StageTables {
  const [first, last] = [Math.min(...runs), Math.max(...runs)];
  const name = `${tableNames(view).stagePrefix}${first === last ? first : `${first}_${last}`}`;
  return {
    stage: ident(name),
    computed: ident(`${name}${COMPUTED}_${fencingToken}`),
    next: ident(`${name}${NEXT}_${fencingToken}`),
    computedName: `${name}${COMPUTED}_${fencingToken}`,
    unsure: ident(`${name}${UNSURE}_${fencingToken}`),
    unsureName: `${name}${UNSURE}_${fencingToken}`,
  };
}

export interface FoundStage {
  readonly name: string;
  readonly table: Sql;
  readonly whole: boolean;
  /** All runs that it was made for, those without a row too. */
  readonly runs: ReadonlySet<number>;
}

/** Finds every stage of the view, and the tables of unfinished ones. */
export async function findStages(
  store: ClickHouse,
  view: Pick<View, 'name' | 'version'>,
): Promise<readonly FoundStage[]> {
  const prefix = tableNames(view).stagePrefix;
  const tables = await store.rows<{ name: string; comment: string }>(
    'stage-find',
    sql`SELECT name, comment FROM system.tables
      WHERE database = currentDatabase() AND startsWith(name, ${prefix})`,
  );
  const stages: FoundStage[] = [];
  for (const { name, comment } of tables) {
    const [, first, last, part] =
      /^(\d+)(_\d+)?(?:(__computed|__next|__unsure)(?:_\d+)?)?$/.exec(name.slice(prefix.length)) ?? [];
    // A view whose name goes on where the prefix ends.
    if (first === undefined) continue;
    const whole = part === undefined;
    const unnamed = comment === '' && last === undefined;
    if (unnamed && whole) await adopt(store, name, Number(first));
    const runs = unnamed ? [Number(first)] : comment.split(',').filter(Boolean).map(Number);
    stages.push({ name, table: ident(name), whole, runs: new Set(runs) });
  }
  return stages;
}

/** A stage that an earlier release left has one run, which its name alone tells. */
const adopt = (store: ClickHouse, name: string, run: number): Promise<void> =>
  store.run(
    'stage-adopt',
    sql`ALTER TABLE ${ident(name)} ADD COLUMN IF NOT EXISTS _run UInt32 DEFAULT ${raw(String(run))}, MODIFY COMMENT ${raw(`'${run}'`)}`,
  );

/** Finds the stage of a run. CONFLICT where it has none. */
export function stageAmong(stages: readonly FoundStage[], { id, asOf, view }: Run): FoundStage {
  // A run that was computed again by itself is not what it was among the others.
  const [answer] = stages
    .filter(({ whole, runs }) => whole && runs.has(id))
    .sort((one, other) => one.runs.size - other.runs.size);
  if (answer) return answer;
  throw new RiskgraphError({
    code: 'CONFLICT',
    message: `${view.id} as of ${formatInstant(asOf)} has no stage to commit`,
    hint: 'compute the run again, then commit it',
  });
}

export const stageOf = async (store: ClickHouse, run: Run): Promise<Sql> =>
  stageAmong(await findStages(store, run.view), run).table;

export async function dropTables(store: ClickHouse, tables: readonly Sql[]): Promise<void> {
  if (tables.length > 0) await store.run('stage-drop', sql`DROP TABLE IF EXISTS ${join(tables)} SYNC`);
}

/** Drops the stages, finished or not, that hold these runs and no other. */
export async function dropStages(store: ClickHouse, view: View, runs: readonly Run[]): Promise<void> {
  await dropTables(store, ownTables(await findStages(store, view), runs));
}

/** Drops the stages, finished or not, that hold none of these runs. */
export async function keepStages(store: ClickHouse, view: View, runs: readonly number[]): Promise<void> {
  const stages = await findStages(store, view);
  await dropTables(store, stages.filter((stage) => !runs.some((id) => stage.runs.has(id))).map(tableOf));
}

export function ownTables(stages: readonly FoundStage[], runs: readonly Run[]): readonly Sql[] {
  const ids = new Set(runs.map(({ id }) => id));
  return stages.filter((stage) => stage.runs.size > 0 && [...stage.runs].every((id) => ids.has(id))).map(tableOf);
}

const tableOf = ({ table }: FoundStage): Sql => table;
