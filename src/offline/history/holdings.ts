/** Measures what a view version holds, and samples what a new one would hold; nothing is written. */
import type { View } from '../../core/definitions/definitions.js';
import { ident, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { Instant } from '../../core/helpers/time.js';
import type { StagedRow, ViewHoldings } from '../../core/ports/offline.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { decodeRows } from '../../warehouse/row-binary.js';
import { computedColumns } from './compute.js';
import { type Asked, type Parts, sampleShare } from './run-size.js';
import { explained } from './source-keys.js';
import { rowDecoder } from './stage-read.js';
import { findStages } from './stages.js';
import { keyColumns, tableNames } from './tables.js';
import { viewQuery } from './view-sql.js';

const BATCH = 1_000;

/** Samples the rows of a view's query. Over large sources only a share of the keys is computed. */
export async function sampleQuery(
  { store, calendar }: Parts,
  { view, ...at }: Asked,
  limits: { readonly rows: number; readonly seconds: number },
): Promise<readonly StagedRow[]> {
  const share = await sampleShare(store, view);
  const rows = await sample(share);
  return rows.length === 0 && share > 1 ? sample(1) : rows;

  async function sample(oneIn: number): Promise<StagedRow[]> {
    const keys = keyColumns(view);
    const stored = join(keys.map((key) => sql`v.${key}`));
    const sampled = oneIn === 1 ? undefined : sql`cityHash64(${stored}) % ${param('UInt32', oneIn)} = 0`;
    const { tombstone, features } = computedColumns(view);
    const hasKey = join(
      keys.map((key) => sql`q.${key} IS NOT NULL`),
      ' AND ',
    );
    const select = sql`
      SELECT ${join(keys.map((key) => sql`assumeNotNull(CAST(q.${key}, 'Nullable(String)'))`))}, toUInt8(${tombstone} AS _gone), ${join(features)}
      FROM (${viewQuery(view, { ...at, sampled }, calendar)}) AS q WHERE ${hasKey}
      ORDER BY cityHash64(${join(keys.map((key) => sql`q.${key}`))}) LIMIT ${raw(String(limits.rows))}`;
    const decode = rowDecoder(view, () => ({ eventTime: at.asOf, availableAt: at.knowledge, sequence: 0 }));
    const settings = { ...BOUNDED, max_execution_time: limits.seconds };
    try {
      const rows: StagedRow[] = [];
      const bytes = store.bytes('view-sample', select, 'RowBinary', { settings });
      for await (const batch of decodeRows(bytes, decode, BATCH)) rows.push(...batch);
      return rows;
    } catch (error) {
      throw explained(view, at.asOf, error);
    }
  }
}

/** See OfflineReader.viewHoldings. */
export async function viewHoldings(
  store: ClickHouse,
  view: Pick<View, 'name' | 'version'>,
): Promise<ViewHoldings | null> {
  const { history, state, nextState, commits } = tableNames(view);
  const stages = (await findStages(store, view)).map(({ name }) => name);
  const tables = await store.rows<{ name: string; bytes: string }>(
    'view-holdings',
    sql`SELECT name, toString(ifNull(total_bytes, 0)) AS bytes FROM system.tables
      WHERE database = currentDatabase() AND name IN (${texts([history, state, nextState, commits, ...stages])})`,
  );
  if (tables.length === 0) return null;
  const bytes = tables.reduce((sum, table) => sum + Number(table.bytes), 0);
  // A prune that was broken off leaves tables without a history.
  const none = { rows: 0, bytes, firstEventTime: null, lastEventTime: null };
  if (!tables.some(({ name }) => name === history)) return none;
  const [totals] = await store.rows<{ rows: string; first: string | null; last: string | null }>(
    'view-holdings',
    sql`SELECT toString(count()) AS rows, toUnixTimestamp64Milli(minOrNull(_event_time)) AS first,
      toUnixTimestamp64Milli(maxOrNull(_event_time)) AS last FROM ${ident(history)}`,
  );
  const at = (value: string | null | undefined): Instant | null => (value == null ? null : Number(value));
  return { rows: Number(totals?.rows ?? 0), bytes, firstEventTime: at(totals?.first), lastEventTime: at(totals?.last) };
}

const texts = (values: readonly string[]): Sql => join(values.map((value) => sql`${value}`));
