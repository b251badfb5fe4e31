/**
 * Future rows, and rows too early for a value. The join itself cannot leak: a row sees what was published by its instant, so a delay costs
 * values and shows none too early. Only rows and columns that the caller brings can leak.
 */
import type { FeatureRef, View } from '../../core/definitions/definitions.js';
import { ident, type Sql, sql } from '../../core/definitions/sql.js';
import { badInput } from '../../core/errors.js';
import { formatInstant, type Instant } from '../../core/helpers/time.js';
import type { ClickHouse, QueryOptions } from '../../warehouse/client.js';
import type { Working } from './join.js';
import { EXAMPLES, listed } from './labels.js';

export type Example = readonly [rid: string, t: string];

export const rowsInWords = (rows: readonly Example[], total: number): string =>
  listed(
    rows.map(([rid, t]) => `row ${rid} at ${formatInstant(Number(t))}`),
    total,
  );

/** Refuses spine rows after the set's as-of, of which not everything is known yet. BAD_USER_INPUT names the rows, 0-based. */
function refuseFuture(total: number, rows: readonly Example[], asOf: Instant): void {
  if (total === 0) return;
  throw badInput(
    `${total} rows of the spine lie after the as-of ${formatInstant(asOf)} of the set: ${rowsInWords(rows, total)}`,
    'leave them out, or give a later asOf: at these instants more may have been known than the set can see',
  );
}

export function refuseFutureTimes(times: readonly Instant[], asOf: Instant): void {
  const late = times.flatMap((t, rid): Example[] => (t > asOf ? [[String(rid), String(t)]] : []));
  refuseFuture(late.length, late, asOf);
}

export async function refuseFutureRows(
  store: ClickHouse,
  { table, asOf, options }: { readonly table: string; readonly asOf: Instant; readonly options: QueryOptions },
): Promise<void> {
  const { total, rows } = await examples(store, ident(table), sql`t > ${asOf}`, options);
  refuseFuture(total, rows, asOf);
}

/** Counts rows of a table or subquery, and names the first of them. */
export async function examples(store: ClickHouse, table: Sql, which: Sql, options: QueryOptions) {
  const [answer] = await store.rows<{ total: string }>(
    'training-set-rows',
    sql`SELECT count() AS total FROM ${table} WHERE ${which}`,
    options,
  );
  const total = Number(answer?.total ?? 0);
  if (total === 0) return { total, rows: [] };
  const rows = await store.rows<{ rid: string; t: string }>(
    'training-set-rows',
    sql`SELECT rid, t FROM ${table} WHERE ${which} ORDER BY rid LIMIT ${EXAMPLES}`,
    options,
  );
  return { total, rows: rows.map(({ rid, t }): Example => [rid, t]) };
}

/** The manifest's warning about rows that cannot have a value of a view, since its first one was not readable yet. */
export interface EarlyRows {
  readonly view: string;
  /** Rows earlier than the first value was readable, of all keys. */
  readonly rows: number;
  /** Those of them whose instant lies between what the value describes and when it could be read: what the delay costs. */
  readonly delayed: number;
  readonly readableFrom: string | null;
  readonly message: string;
}

/**
 * Counts, by view, the spine's rows that no value of the view could have reached. BAD_USER_INPUT where that is all of them and it is the delay that
 * keeps values from them: the columns would be empty for certain, though the data seem to be there.
 */
export async function earlyRows(working: Working): Promise<readonly EarlyRows[]> {
  const earlyRows: EarlyRows[] = [];
  for (const view of working.views) {
    const early = await earlyRowsOf(working, view);
    if (early) earlyRows.push(early);
  }
  return earlyRows;
}

async function earlyRowsOf(
  { store, checkpoints, spine, states, asOf, features }: Working,
  view: View,
): Promise<EarlyRows | null> {
  const [bounds] = await store.rows<{ total: string; first: string; happened: string }>(
    'training-set-first',
    sql`SELECT count() AS total, min(_eff) AS first, min(toUnixTimestamp64Milli(_event_time)) AS happened
      FROM ${ident(states.state(view))} WHERE _eff <= ${asOf}`,
    checkpoints.options,
  );
  if (!bounds || Number(bounds.total) === 0) {
    const message = `${view.id} held no value at the as-of: all ${spine.rows} rows are NOT_FOUND`;
    return { view: view.id, rows: spine.rows, delayed: 0, readableFrom: null, message };
  }
  const [first, happened] = [Number(bounds.first), Number(bounds.happened)];
  const table = ident(spine.table);
  const all = await examples(store, table, sql`t < ${first}`, checkpoints.options);
  if (all.total === 0) return null;
  const delayed = await examples(store, table, sql`t < ${first} AND t >= ${happened}`, checkpoints.options);
  const words = `the first value of ${view.id} describes ${formatInstant(happened)} and was readable from ${formatInstant(first)} (delay ${view.schedule.delay})`;
  if (all.total === spine.rows && delayed.total > 0) {
    const names = listed(
      features.filter((ref) => ref.view.id === view.id).map(({ reference }: FeatureRef) => reference),
    );
    throw badInput(
      `${words}: no row of the spine may see ${names}, ${delayed.total} of ${spine.rows} only for the delay: ${rowsInWords(delayed.rows, delayed.total)}`,
      'take later rows, or backfill the view over an earlier period: a decision at these instants could not have used the value',
    );
  }
  const message = `${words}: ${all.total} of ${spine.rows} rows are earlier and NOT_FOUND, ${delayed.total} of them only for the delay: ${rowsInWords(all.rows, all.total)}`;
  return { view: view.id, rows: all.total, delayed: delayed.total, readableFrom: formatInstant(first), message };
}
