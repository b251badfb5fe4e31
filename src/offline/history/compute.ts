/** The query of a view, run once for an as-of. Entities with whose source rows it cannot compute are set aside, and all others have their rows. */
import type { View } from '../../core/definitions/definitions.js';
import { ident, join, param, type Sql, sql } from '../../core/definitions/sql.js';
import type { BusinessCalendar } from '../../core/helpers/time.js';
import type { Run } from '../../core/ports/offline.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { refusalOf } from '../../warehouse/failures.js';
import { type Aside, without } from './aside.js';
import { type Kept, keptOf, type Parts, SourceKeys } from './source-keys.js';
import { keyColumns, rowColumns } from './tables.js';
import { featureValue, noValue } from './values.js';
import { viewQuery } from './view-sql.js';

/** The stored columns of a row of the view's query `q`: whether it is a tombstone, named `_gone` where it is selected, and its features. */
export const computedColumns = (view: View): { readonly tombstone: Sql; readonly features: readonly Sql[] } => ({
  tombstone: view.tombstone ? sql`ifNull(CAST(q.${ident(view.tombstone)}, 'Nullable(Bool)'), false)` : sql`0`,
  features: view.features.map((feature) => sql`if(_gone, ${noValue(feature)}, ${featureValue(view, feature, 'q')})`),
});

/** The rows of a run as its stage has them, read from those rows of the sources that `kept` says. */
function rowsOf(run: Run, kept: Kept | undefined, calendar: BusinessCalendar): Sql {
  const { view, asOf, knowledge } = run;
  const { tombstone, features } = computedColumns(view);
  const columns = [
    sql`${param('UInt32', run.id)}`,
    ...keyColumns(view).map((key) => sql`CAST(q.${key}, 'Nullable(String)')`),
    sql`${tombstone} AS _gone`,
    ...features,
  ];
  return sql`SELECT ${join(columns)} FROM (${viewQuery(view, { asOf, knowledge, ...(kept && { kept }) }, calendar)}) AS q`;
}

/** Any as-of gives the same plan. */
const PLANNED_AS_OF = Date.UTC(2026, 0, 1);

/** See OfflineReader.planQuery. */
export const planQuery = ({ store, calendar }: Parts, view: View): Promise<string | null> =>
  planSelect(store, plannedRows(view, calendar));

/** See OfflineReader.planSelect. */
export const planSelect = (store: ClickHouse, select: Sql): Promise<string | null> =>
  refusedWords(store, 'query-plan', sql`EXPLAIN ${select}`);

/** Runs the query of a view where all tables are empty, and keeps nothing. @returns what the engine says against it, null where it runs */
export const tryQuery = ({ store, calendar }: Parts, view: View): Promise<string | null> =>
  refusedWords(store, 'view-try', sql`${plannedRows(view, calendar)} FORMAT Null`);

const plannedRows = (view: View, calendar: BusinessCalendar): Sql =>
  rowsOf({ id: 0, view, asOf: PLANNED_AS_OF, knowledge: PLANNED_AS_OF + view.delayMs }, undefined, calendar);

async function refusedWords(store: ClickHouse, label: string, statement: Sql): Promise<string | null> {
  try {
    await store.run(label, statement, { refusalIsAnswer: true });
    return null;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    return refusal.message;
  }
}

/**
 * Adds the rows of a run to the table `into`.
 * @returns what is set aside, which the quarantine names. Their source rows are as if they were not imported, for others too.
 */
export async function computeRun(parts: Parts, run: Run, into: Sql): Promise<readonly Aside[]> {
  const { store, calendar } = parts;
  const { view } = run;
  const sought = new SourceKeys(parts, run, (kept) => rowsOf(run, kept, calendar));
  const insert = async (rows: Sql, { length }: readonly Aside[]): Promise<void> => {
    if (length > 0) {
      // Blocks of rows that were written before the failure.
      await store.run('stage-clear', sql`ALTER TABLE ${into} DELETE WHERE _run = ${run.id}`, {
        settings: { mutations_sync: '1' },
      });
    }
    await store.run('stage-compute', sql`INSERT INTO ${into} (${rowColumns(view)}) ${rows}`, { settings: BOUNDED });
  };
  const result = await sought.insertWithoutFaulty(insert);
  await sought.name(result);
  return result.found;
}

/**
 * Inserts the keys that the query of a run would give if no source row had been deleted, but of those that it sets aside. A key whose deleted rows it
 * cannot compute is among them too.
 */
export async function insertUndeleted(
  parts: Parts,
  run: Run,
  setAside: readonly Aside[],
  insert: (keys: Sql) => Promise<void>,
): Promise<void> {
  const { view } = run;
  const typed = keyColumns(view).map((key) => sql`CAST(q.${key}, 'Nullable(String)') AS ${key}`);
  const others = setAside.length === 0 ? (): null => null : keptOf(view, without(setAside));
  const query = (some: Kept = () => null): Sql => {
    const kept: Kept = (table) => {
      const filters = [some(table), others(table)].filter((filter) => filter !== null);
      return filters.length === 0 ? null : join(filters, ' AND ');
    };
    return sql`SELECT ${join(typed)} FROM (${viewQuery(view, { ...run, undeleted: true, kept }, parts.calendar)}) AS q`;
  };
  const sought = new SourceKeys(parts, run, query);
  await sought.insertWithoutFaulty((keys, faulty) =>
    insert(faulty.length === 0 ? keys : sql`${keys} UNION ALL ${sought.deleted(faulty)}`),
  );
}
