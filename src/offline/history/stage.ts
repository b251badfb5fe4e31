import { type Sql, sql } from '../../core/definitions/sql.js';
import { isArrayType } from '../../core/definitions/types.js';
import { RiskgraphError } from '../../core/errors.js';
import { formatInstant } from '../../core/helpers/time.js';
import type { Run, StageCounts, StagedRow } from '../../core/ports/offline.js';
import type { StageOptions } from '../../core/ports/offline-writer.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { computeRun } from './compute.js';
import { type Before, beforeAmong, beforeInHistory, deletionsIn, endDeleted } from './deletions.js';
import { type ComputedRows, endLeft } from './ends.js';
import type { Parts } from './source-keys.js';
import { type ComputedCounts, fillStage, type SetAside } from './stage-fill.js';
import { dropTables, findStages, ownTables, stageTables } from './stages.js';
import { computedDdl, type FencedView, stageDdl } from './tables.js';

/** What the queries of runs need besides the store. */
type QueryParts = Omit<Parts, 'store'>;

/** See OfflineWriter.stageRun. */
export async function stageRun(
  store: ClickHouse,
  fenced: FencedView,
  run: Run,
  { endsChecked = null, ...parts }: QueryParts & Pick<StageOptions, 'endsChecked'>,
): Promise<StageCounts> {
  const [counts] = await stageQueries(store, fenced, [run], parts, {
    before: (query) => beforeInHistory(query, run, endsChecked),
    // In the stage, so that what ends is online before it is history; of several runs the commit knows better which as-of comes before.
    async computed({ rows }) {
      if (run.view.absent === 'ends') await endLeft(store, run, rows);
    },
  });
  return counts as StageCounts;
}

/** See OfflineWriter.stageRuns. */
export const stageRuns = (
  store: ClickHouse,
  fenced: FencedView,
  runs: readonly Run[],
  parts: QueryParts,
  computed: (runs: number) => Promise<void> = async () => undefined,
): Promise<readonly StageCounts[]> =>
  stageQueries(store, fenced, runs, parts, {
    before: async ({ calendar }, run, into) => beforeAmong(runs, run, { computed: into, calendar }),
    computed: ({ done }) => computed(done),
  });

interface Steps {
  /** What is known of keys from the as-ofs before that of a run. */
  before(parts: Parts, run: Run, into: Sql): Promise<Before | null>;
  /** Called once a run is computed, with its rows and the number of runs that are. */
  computed(so: { readonly rows: ComputedRows; readonly done: number }): Promise<void>;
}

async function stageQueries(
  store: ClickHouse,
  fenced: FencedView,
  runs: readonly Run[],
  query: QueryParts,
  steps: Steps,
): Promise<readonly StageCounts[]> {
  const parts = { ...query, store };
  const counts = await stageComputed(store, fenced, runs, async ({ into, setAside }) => {
    const deletions = await deletionsIn(store, fenced.view);
    for (const [index, run] of runs.entries()) {
      const aside = await computeRun(parts, run, into);
      if (aside.length > 0) setAside.set(run.id, aside);
      const rows = { computed: into, setAside: aside };
      await endDeleted(parts, run, { rows, deletions, before: () => steps.before(parts, run, into) });
      await steps.computed({ rows, done: index + 1 });
    }
  });
  return counts.map(({ tombstones, ...others }) => ({ ...others, endsChecked: true }));
}

/** See OfflineWriter.stageRows. */
export async function stageRows(
  store: ClickHouse,
  fenced: FencedView,
  run: Run,
  batches: AsyncIterable<readonly StagedRow[]>,
): Promise<ComputedCounts> {
  const [counts] = await stageComputed(store, fenced, [run], async ({ table }) => {
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
  computeInto: (to: { readonly into: Sql; readonly table: string; readonly setAside: SetAside }) => Promise<void>,
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
    const setAside: SetAside = new Map();
    await computeInto({ into: tables.computed, table: tables.computedName, setAside });
    const counts = await fillStage(store, runs, tables, setAside);
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
