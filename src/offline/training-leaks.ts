/**
 * What a training set may not hold, and what its reader must know. The join itself cannot leak: a row sees what was published by its instant
 * (rule 2), so a delay costs values and shows none too early. What is left are rows and columns that the caller brings.
 */
import type { FeatureRef, View } from '../core/definitions.js';
import { badInput } from '../core/errors.js';
import { ident, join, raw, type Sql, sql } from '../core/sql.js';
import { formatInstant, type Instant } from '../core/time.js';
import type { FeatureType } from '../core/types.js';
import type { ClickHouse, QueryOptions } from './client.js';
import { EXAMPLES, listed } from './labels.js';
import type { ProfiledColumn } from './profile.js';
import type { Working } from './training-join.js';

type Example = readonly [rid: string, t: string];

const inWords = (rows: readonly Example[], total: number): string =>
  listed(
    rows.map(([rid, t]) => `row ${rid} at ${formatInstant(Number(t))}`),
    total,
  );

/** What would be known of a row is not known yet. BAD_USER_INPUT names the rows, 0-based. */
function refuseFuture(total: number, rows: readonly Example[], asOf: Instant): void {
  if (total === 0) return;
  throw badInput(
    `${total} rows of the spine lie after the as-of ${formatInstant(asOf)} of the set: ${inWords(rows, total)}`,
    'leave them out, or give a later asOf: at these instants more may have been known than the set can see',
  );
}

export function refuseFutureTimes(times: readonly Instant[], asOf: Instant): void {
  const late = times.flatMap((t, rid): Example[] => (t > asOf ? [[String(rid), String(t)]] : []));
  refuseFuture(late.length, late, asOf);
}

export async function refuseFutureRows({ store, spine, asOf, steps }: Working): Promise<void> {
  const { total, rows } = await examples(store, ident(spine.table), sql`t > ${asOf}`, steps.options);
  refuseFuture(total, rows, asOf);
}

async function examples(store: ClickHouse, table: Sql, which: Sql, options: QueryOptions) {
  const [found] = await store.rows<{ total: string }>(
    'training-set-rows',
    sql`SELECT count() AS total FROM ${table} WHERE ${which}`,
    options,
  );
  const total = Number(found?.total ?? 0);
  if (total === 0) return { total, rows: [] };
  const rows = await store.rows<{ rid: string; t: string }>(
    'training-set-rows',
    sql`SELECT rid, t FROM ${table} WHERE ${which} ORDER BY rid LIMIT ${EXAMPLES}`,
    options,
  );
  return { total, rows: rows.map(({ rid, t }): Example => [rid, t]) };
}

/** Said in the manifest of rows that cannot have a value of a view, since its first one was not readable yet. */
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
  const found: EarlyRows[] = [];
  for (const view of working.views) {
    const early = await earlyRowsOf(working, view);
    if (early) found.push(early);
  }
  return found;
}

async function earlyRowsOf(
  { store, steps, spine, states, asOf, features }: Working,
  view: View,
): Promise<EarlyRows | null> {
  const [bounds] = await store.rows<{ total: string; first: string; happened: string }>(
    'training-set-first',
    sql`SELECT count() AS total, min(_eff) AS first, min(toUnixTimestamp64Milli(_event_time)) AS happened
      FROM ${states.state(view)} WHERE _eff <= ${asOf}`,
    steps.options,
  );
  if (!bounds || Number(bounds.total) === 0) {
    const message = `${view.id} held no value at the as-of: all ${spine.rows} rows are NOT_FOUND`;
    return { view: view.id, rows: spine.rows, delayed: 0, readableFrom: null, message };
  }
  const [first, happened] = [Number(bounds.first), Number(bounds.happened)];
  const table = ident(spine.table);
  const all = await examples(store, table, sql`t < ${first}`, steps.options);
  if (all.total === 0) return null;
  const delayed = await examples(store, table, sql`t < ${first} AND t >= ${happened}`, steps.options);
  const words = `the first value of ${view.id} describes ${formatInstant(happened)} and was readable from ${formatInstant(first)} (delay ${view.schedule.delay})`;
  if (all.total === spine.rows && delayed.total > 0) {
    const names = listed(
      features.filter((ref) => ref.view.id === view.id).map(({ reference }: FeatureRef) => reference),
    );
    throw badInput(
      `${words}: no row of the spine may see ${names}, ${delayed.total} of ${spine.rows} only for the delay: ${inWords(delayed.rows, delayed.total)}`,
      'take later rows, or backfill the view over an earlier period: a decision at these instants could not have used the value',
    );
  }
  const message = `${words}: ${all.total} of ${spine.rows} rows are earlier and NOT_FOUND, ${delayed.total} of them only for the delay: ${inWords(all.rows, all.total)}`;
  return { view: view.id, rows: all.total, delayed: delayed.total, readableFrom: formatInstant(first), message };
}

/** What can be the number 0 or 1, as itself or as text. */
const COMPARED = new Set<FeatureType>(['STRING', 'BOOLEAN', 'INT32', 'INT64', 'FLOAT32', 'FLOAT64', 'DECIMAL']);
/** Rows with an outcome below which a column may equal it by chance. */
const MIN_OUTCOMES = 5;

/**
 * A column of the spine that says the label in every row is the label under another name. BAD_USER_INPUT names the column and rows. Returns the
 * names of features that do: they came by rule 2, but nobody should train on them unseen.
 */
export async function refuseLabelCopies(
  { store, steps }: Working,
  table: string,
  { spine, features }: { readonly spine: readonly ProfiledColumn[]; readonly features: readonly ProfiledColumn[] },
): Promise<readonly string[]> {
  const columns = [...spine, ...features].filter(({ explains, type }) => explains && COMPARED.has(type));
  const same = columns.map(({ type, value }, index) => {
    const shown = type === 'STRING' ? sql`toFloat64OrNull(${value})` : sql`toFloat64(${value})`;
    return sql`countIf(ifNull(${shown} = label, 0)) AS ${ident(`same${index}`)}`;
  });
  const [found] = await store.rows<Record<string, string>>(
    'training-set-copies',
    sql`SELECT ${join([raw('count(label) AS known, ifNull(min(label) < max(label), 0) AS both'), ...same])}
      FROM ${ident(table)} WHERE label IS NOT NULL`,
    steps.options,
  );
  const known = Number(found?.known ?? 0);
  if (known < MIN_OUTCOMES || Number(found?.both) === 0) return [];
  const copies = columns.filter((_, index) => Number(found?.[`same${index}`]) === known).map(({ name }) => name);
  const leak = spine.find(({ name }) => copies.includes(name));
  if (!leak) return copies;
  const rows = await examples(store, ident(table), sql`label IS NOT NULL`, steps.options);
  throw badInput(
    `the spine's column '${leak.name}' equals the label in all ${known} rows that have one: ${inWords(rows.rows, known)}`,
    'leave the column out: it is the outcome under another name',
  );
}
