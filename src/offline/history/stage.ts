import type { View } from '../../core/definitions/definitions.js';
import { ident, join, param, type Sql, sql } from '../../core/definitions/sql.js';
import { isArrayType } from '../../core/definitions/types.js';
import { RiskgraphError } from '../../core/errors.js';
import { type BusinessCalendar, formatInstant, type Instant } from '../../core/helpers/time.js';
import type { Run, StageCounts, StagedRow } from '../../core/ports/offline.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { refusal } from '../../warehouse/failures.js';
import { endDeleted, endLeft, runsAfterDeletions } from './ends.js';
import { type ComputedCounts, fillStage } from './stage-fill.js';
import { dropTables, findStages, ownTables, stageTables } from './stages.js';
import { BOUNDED, computedDdl, type FencedView, keyColumns, rowColumns, stageDdl } from './tables.js';
import { featureValue, noValue } from './values.js';
import { viewQuery } from './view-sql.js';

/** See OfflineWriter.stageRun. */
export async function stageRun(
  store: ClickHouse,
  fenced: FencedView,
  run: Run,
  calendar: BusinessCalendar,
): Promise<StageCounts> {
  const [counts] = await stageQueries(store, fenced, [run], calendar, async (into) => {
    // In the stage, so that what ends is online before it is history; of several runs the commit knows better which as-of comes before.
    if (run.view.absent === 'ends') await endLeft(store, run, into);
  });
  return counts as StageCounts;
}

/** See OfflineWriter.stageRuns. */
export const stageRuns = (
  store: ClickHouse,
  fenced: FencedView,
  runs: readonly Run[],
  calendar: BusinessCalendar,
  computed: (runs: number) => Promise<void> = async () => undefined,
): Promise<readonly StageCounts[]> => stageQueries(store, fenced, runs, calendar, (_, done) => computed(done));

/** @param computed called with the table of computed rows and the number of runs that it has */
async function stageQueries(
  store: ClickHouse,
  fenced: FencedView,
  runs: readonly Run[],
  calendar: BusinessCalendar,
  computed: (into: Sql, runs: number) => Promise<void>,
): Promise<readonly StageCounts[]> {
  const counts = await stageComputed(store, fenced, runs, async (into) => {
    const afterDeletions = await runsAfterDeletions(store, runs);
    for (const [index, run] of runs.entries()) {
      await compute(store, run, into, calendar);
      if (afterDeletions.includes(run)) await endDeleted(store, run, into, calendar);
      await computed(into, index + 1);
    }
  });
  return counts.map(({ tombstones, ...others }) => others);
}

/** See OfflineWriter.stageRows. */
export async function stageRows(
  store: ClickHouse,
  fenced: FencedView,
  run: Run,
  batches: AsyncIterable<readonly StagedRow[]>,
): Promise<ComputedCounts> {
  const [counts] = await stageComputed(store, fenced, [run], async (_, table) => {
    const { entity, features } = run.view;
    const columns = [...entity.joinKeys, '_tombstone', ...features.map(({ name }) => name)];
    const nothing = features.map(({ type }) => (isArrayType(type) ? [] : null));
    for await (const rows of batches) {
      await store.insert(
        'stage-rows',
        { table, columns: ['_run', ...columns] },
        rows.map(({ key, tombstone, values }) => [
          run.id,
          ...key,
          Number(tombstone),
          ...(tombstone ? nothing : values),
        ]),
        // A float must be read back as the very number that was written.
        { settings: { precise_float_parsing: 1 } },
      );
    }
  });
  return counts as ComputedCounts;
}

/**
 * Computes runs of one view, each of another as-of, beside their stage and puts it in place in one step. What a statement can say of all runs is
 * said once: a statement costs more than the rows of a day.
 */
async function stageComputed(
  store: ClickHouse,
  { view, fence }: FencedView,
  runs: readonly Run[],
  computeInto: (table: Sql, name: string) => Promise<void>,
): Promise<readonly ComputedCounts[]> {
  runs.forEach(checkRun);
  const ids = runs.map(({ id }) => id);
  const tables = stageTables(view, ids, fence.token);
  const stages = await findStages(store, view);
  const parts = ownTables(
    stages.filter(({ whole }) => !whole),
    runs,
  );
  await dropTables(store, parts);
  try {
    await store.run('stage-create', computedDdl(view, tables.computed, ids));
    await store.run('stage-create', stageDdl(view, tables.next, ids));
    await computeInto(tables.computed, tables.computedName);
    const counts = await fillStage(store, runs, tables);
    const earlier = ownTables(
      stages.filter(({ whole }) => whole),
      runs,
    );
    await dropTables(store, earlier);
    await store.run('stage-rename', sql`RENAME TABLE ${tables.next} TO ${tables.stage}`);
    await dropTables(store, [tables.computed]);
    return counts;
  } catch (error) {
    // What failed is the error to report; tables that stay are dropped by the next attempt.
    await dropTables(store, [tables.next, tables.computed]).catch(() => undefined);
    throw error;
  }
}

function checkRun({ id, asOf, view }: Run): void {
  const wrong =
    !Number.isInteger(id) || id < 0 || id >= 2 ** 32
      ? `run number ${id} is not below 2^32`
      : asOf < 0
        ? `as-of ${formatInstant(asOf)} is before 1970`
        : null;
  if (wrong) throw new RiskgraphError({ code: 'BAD_USER_INPUT', message: `${view.id} cannot be computed: ${wrong}` });
}

/** The stored columns of a row of the view's query `q`: whether it is a tombstone, named `_gone` where it is selected, and its features. */
export const computedColumns = (view: View): { readonly tombstone: Sql; readonly features: readonly Sql[] } => ({
  tombstone: view.tombstone ? sql`ifNull(CAST(q.${ident(view.tombstone)}, 'Nullable(Bool)'), false)` : sql`0`,
  features: view.features.map((feature) => sql`if(_gone, ${noValue(feature)}, ${featureValue(view, feature, 'q')})`),
});

async function compute(store: ClickHouse, run: Run, into: Sql, calendar: BusinessCalendar): Promise<void> {
  const { view } = run;
  const { tombstone, features } = computedColumns(view);
  const columns = [
    sql`${param('UInt32', run.id)}`,
    ...keyColumns(view).map((key) => sql`CAST(q.${key}, 'Nullable(String)')`),
    sql`${tombstone} AS _gone`,
    ...features,
  ];
  try {
    await store.run(
      'stage-compute',
      sql`INSERT INTO ${into} (${rowColumns(view)}) SELECT ${join(columns)} FROM (${viewQuery(view, run, calendar)}) AS q`,
      { settings: BOUNDED },
    );
  } catch (error) {
    throw explained(view, run.asOf, error);
  }
}

/** The author of a view must see what ClickHouse said of the query. */
export function explained(view: View, asOf: Instant, error: unknown): unknown {
  const words = refusal(error);
  if (words === null) return error;
  const reason = words.split(': while executing')[0]?.split('\n')[0]?.slice(0, 500);
  return new RiskgraphError({
    code: 'INTERNAL',
    message: `the query of ${view.id} as of ${formatInstant(asOf)} failed: ${reason}`,
    hint: `correct ${view.file}: give the join keys and every feature by name, in their declared types`,
    cause: (error as RiskgraphError).cause,
  });
}
