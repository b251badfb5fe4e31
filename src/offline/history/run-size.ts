/** The size of a run, estimated before it runs. */
import { inputViews } from '../../core/compute/view-kinds.js';
import type { View } from '../../core/definitions/definitions.js';
import { ident, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import type { BusinessCalendar, Instant } from '../../core/helpers/time.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { explained } from './source-keys.js';
import { keyColumns, tableNames, viewTables } from './tables.js';
import { keyedSources, viewQuery } from './view-sql.js';

/** A run that is not begun. */
export interface Asked {
  readonly view: View;
  readonly asOf: Instant;
  readonly knowledge: Instant;
}

export interface Parts {
  readonly store: ClickHouse;
  readonly calendar: BusinessCalendar;
}

/** Source rows up to which the query itself is counted: about a second on two cores. */
const ROWS_COUNTED_WHOLE = 2_000_000;
/** Fewer rows of a sample are too few: one estimate in ten would be off by a third. */
const FEWEST_SAMPLED = 200;
/** An estimate that takes longer is of no use before the work. */
const LIMIT_SECONDS = 60;

/** Counts the rows of a view's query; over large sources, those of a sample of its keys. */
export async function countQuery(parts: Parts, asked: Asked): Promise<number> {
  const share = await sampleShare(parts.store, asked.view);
  if (share > 1) {
    const sampled = await countRows(parts, asked, share);
    if (sampled >= FEWEST_SAMPLED) return sampled * share;
  }
  return countRows(parts, asked, 1);
}

export async function hasTable(store: ClickHouse, name: string): Promise<boolean> {
  const [answer] = await store.rows<{ total: string }>(
    'estimate-table',
    sql`SELECT count() AS total FROM system.tables WHERE database = currentDatabase() AND name = ${name}`,
  );
  return Number(answer?.total ?? 0) > 0;
}

/** One in how many keys is sampled: 1 where all are counted, or where a source has no key column. */
export async function sampleShare(store: ClickHouse, view: View): Promise<number> {
  if (view.sources.length === 0 || keyedSources(view).length < view.sources.length) return 1;
  const [answer] = await store.rows<{ total: string }>(
    'estimate-sources',
    sql`SELECT sum(total_rows) AS total FROM system.tables
      WHERE database = currentDatabase() AND name IN ${param('Array(String)', [...view.sources])}`,
  );
  return Math.max(1, Math.ceil(Number(answer?.total ?? 0) / ROWS_COUNTED_WHOLE));
}

async function countRows({ store, calendar }: Parts, asked: Asked, share: number): Promise<number> {
  const { view } = asked;
  const stored = view.entity.joinKeys.map((key) => sql`v.${ident(key)}`);
  const sampled = share === 1 ? undefined : sql`cityHash64(${join(stored)}) % ${param('UInt32', share)} = 0`;
  const hasKey = join(
    keyColumns(view).map((key) => sql`q.${key} IS NOT NULL`),
    ' AND ',
  );
  try {
    const [answer] = await store.rows<{ total: string }>(
      'estimate-count',
      sql`SELECT count() AS total FROM (${viewQuery(view, { ...asked, sampled }, calendar)}) AS q WHERE ${hasKey}`,
      { settings: { ...BOUNDED, max_execution_time: LIMIT_SECONDS } },
    );
    return Number(answer?.total ?? 0);
  } catch (error) {
    if (error instanceof RiskgraphError && error.code === 'TIMEOUT') throw tooLong(view, error);
    throw explained(view, asked.asOf, error);
  }
}

const tooLong = (view: View, cause: Error): RiskgraphError =>
  new RiskgraphError({
    code: 'TIMEOUT',
    message: `the rows of ${view.id} could not be counted within ${LIMIT_SECONDS} seconds`,
    hint: 'try again when the offline store has less to do; a run itself may take longer',
    cause,
  });

/** See OfflineReader.firstKnown. */
export async function firstKnown(store: ClickHouse, view: View): Promise<Instant | null> {
  const first: Instant[] = [];
  const inputs = inputViews(view);
  if (inputs.length === 0 && view.sources.length === 0) return Number.NEGATIVE_INFINITY;
  for (const name of view.sources) first.push(...(await earliest(store, ident(name), raw('ingested_at'))));
  for (const each of [view, ...inputs]) {
    if (!(await hasTable(store, tableNames(each).history))) continue;
    first.push(...(await earliest(store, viewTables(each).history, raw('least(_event_time, _available_at)'))));
  }
  return first.length === 0 ? null : Math.min(...first);
}

async function earliest(store: ClickHouse, table: Sql, instant: Sql): Promise<readonly Instant[]> {
  const [answer] = await store.rows<{ at: string | null }>(
    'estimate-first',
    sql`SELECT toUnixTimestamp64Milli(minOrNull(${instant})) AS at FROM ${table}`,
  );
  return answer?.at == null ? [] : [Number(answer.at)];
}
