/** One month of a label: its rows as they are known, and the versions that they add to `labels`. */
import { labelSql } from '../../core/compute/labels/label-sql.js';
import { observedOn } from '../../core/compute/labels/observations.js';
import type { Label } from '../../core/definitions/definitions.js';
import { ident, instantSql, instantText, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { badInput } from '../../core/errors.js';
import { addDays, addMonths, type BusinessCalendar, type Instant, type LocalDate } from '../../core/helpers/time.js';
import { newestSequence } from '../../core/lending/import-sequence.js';
import { rowHash } from '../../core/lending/row-hash.js';
import { columnsDdl } from '../../core/lending/source-ddl.js';
import { eventTimeInKey } from '../../core/lending/source-sql.js';
import { type SourceTable, VERSION_COLUMNS } from '../../core/lending/sources.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { checkFence, type Fence, withinFence } from '../../warehouse/fence.js';
import type { Sequences } from './months.js';

export const LABELS = 'labels';
export const RUNS = 'label_runs';
const STAGE = 'label_stage_';

export interface MonthRun {
  readonly clickhouse: ClickHouse;
  readonly calendar: BusinessCalendar;
  readonly label: Label;
  readonly month: LocalDate;
  readonly knowledge: Instant;
  /** Since when the new versions are known; asked right before they are written. */
  readonly stamp: () => Promise<Instant>;
  /** The newest sequences of what may decide the outcomes, by table. */
  readonly sources: Sequences;
  readonly fence: Fence;
  readonly signal: AbortSignal;
}

export interface WrittenMonth {
  readonly rows: number;
  readonly changed: number;
}

/**
 * Computes a month and appends what differs from the versions in force. Repeating it adds nothing, nor does it where another process has computed the
 * month meanwhile, as of that knowledge or later: what was known before must not be written over it.
 */
export async function writeMonth(run: MonthRun): Promise<WrittenMonth> {
  const { clickhouse, label, signal } = run;
  const table = label.tables.get(LABELS);
  const { seq, knowledge } = await stateOf(run);
  if (knowledge >= run.knowledge) return { rows: 0, changed: 0 };
  const stage = ident(`${STAGE}${seq}`);
  await clickhouse.run(
    'label-stage',
    sql`CREATE TABLE ${stage} (${columnsDdl(table)}, deleted UInt8, row_hash ${raw(VERSION_COLUMNS.row_hash)} MATERIALIZED ${rowHash(table)})
      ENGINE = MergeTree ORDER BY (entity_id, observed_at)`,
  );
  try {
    await clickhouse.run('label-compute', sql`INSERT INTO ${stage} ${await rowsOf(run)}`, {
      settings: BOUNDED,
      signal,
    });
    const rows = await countRows(run, stage);
    await clickhouse.run(
      'label-gone',
      sql`INSERT INTO ${stage} (entity, entity_id, name, observed_at, deleted)
        SELECT ${label.entity.name}, entity_id, ${label.id}, observed_at, 1 FROM ${inForce(run, sql`HAVING argMax(deleted, (ingested_at, seq)) = 0`)}
        WHERE (entity_id, observed_at) NOT IN (SELECT entity_id, observed_at FROM ${stage})`,
      { settings: BOUNDED, signal },
    );
    const own = join(table.columns.map(({ name }) => ident(name)));
    const stamp = await run.stamp();
    await clickhouse.run(
      'label-append',
      sql`INSERT INTO ${ident(LABELS)} (${own}, ingested_at, deleted, seq, row_hash)
        SELECT ${own}, ${instantSql(stamp)}, deleted, ${param('UInt64', String(seq))}, row_hash FROM ${stage}
        WHERE (entity_id, observed_at, row_hash) NOT IN (SELECT entity_id, observed_at, hash FROM ${inForce(run)}) AND ${withinFence(run.fence)}`,
      { settings: BOUNDED, signal },
    );
    await checkFence(clickhouse, run.fence);
    return await record(run, { rows, seq, stamp });
  } finally {
    await clickhouse.run('label-drop', sql`DROP TABLE IF EXISTS ${stage} SYNC`).catch(() => undefined);
  }
}

/** Drops the stages of a holder that died. */
export async function dropStages(clickhouse: ClickHouse): Promise<void> {
  const left = await clickhouse.rows<{ name: string }>(
    'label-leftovers',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, ${STAGE})`,
  );
  for (const { name } of left) await clickhouse.run('label-drop', sql`DROP TABLE IF EXISTS ${ident(name)} SYNC`);
}

interface MonthState {
  /** For this run: above every earlier one of an import or a run, and of a run that was broken off. */
  readonly seq: bigint;
  /** As of when the month was computed last. */
  readonly knowledge: Instant;
}

/** Read under the lease: the steps were planned before it. */
async function stateOf({ clickhouse, label, month, knowledge }: MonthRun): Promise<MonthState> {
  const [row] = await clickhouse.rows<{ newest: string; last: string }>(
    'label-state',
    sql`SELECT toString(greatest(${newestSequence(label.tables.get(LABELS))}, (SELECT max(seq) FROM ${ident(LABELS)}))) AS newest,
      toUnixTimestamp64Milli(ifNull((SELECT argMax(knowledge, seq) FROM ${ident(RUNS)}
        WHERE label = ${label.id} AND month = ${param('Date', month)}), toDateTime64(0, 3))) AS last`,
  );
  const byTime = BigInt(Math.max(0, knowledge)) << 20n;
  const after = BigInt(row?.newest ?? 0) + 1n;
  return { seq: byTime > after ? byTime : after, knowledge: Number(row?.last ?? 0) };
}

const lastDayOf = (month: LocalDate): LocalDate => addDays(addMonths(month, 1), -1);

async function rowsOf(run: MonthRun): Promise<Sql> {
  const { label, month, knowledge, calendar } = run;
  const range = { from: month, to: lastDayOf(month), knowledge, timezone: calendar.timezone };
  return sql`SELECT ${label.entity.name}, entity_id, ${label.id}, observed_at, window_from, window_to, known_at, value, outcome, reason, 0
    FROM (${labelSql(label, range, await wholeThrough(run))})`;
}

/** The last local day that every table of days has which the label reads; null where it reads none. */
async function wholeThrough({ clickhouse, label, knowledge, signal }: MonthRun): Promise<LocalDate | null> {
  let through: LocalDate | null = null;
  for (const name of label.sources) {
    const table = label.tables.get(name);
    const { eventTime } = table;
    if (eventTime.kind !== 'day' || !eventTimeInKey(table)) continue;
    const [row] = await clickhouse.rows<{ last: LocalDate }>(
      'label-whole',
      sql`SELECT toString(${lastWholeDay(table, eventTime.column, knowledge)}) AS last`,
      { signal },
    );
    const last = row?.last ?? '1970-01-01';
    if (through === null || last < through) through = last;
  }
  return through;
}

/** Date: the last local day that a table of days has, as known at an instant. */
export function lastWholeDay({ name, derivationRuns }: SourceTable, day: string, knowledge: Instant): Sql {
  const derived = derivationRuns === null ? raw('') : sql` UNION ALL SELECT max(through) FROM ${ident(derivationRuns)}`;
  return sql`(SELECT max(day) FROM (SELECT max(${ident(day)}) AS day FROM ${ident(name)} WHERE ingested_at <= ${instantSql(knowledge)}${derived}))`;
}

/** In parentheses: entity_id, observed_at and `hash` of the versions in force whose observation is in the month. */
function inForce({ label, month, calendar }: MonthRun, having: Sql = raw('')): Sql {
  const zone = sql`${calendar.timezone}`;
  const day = observedOn(label.observation, raw('observed_at'), zone);
  const bound = (date: LocalDate): Sql => instantSql(calendar.startOfDay(date));
  return sql`(SELECT entity_id, observed_at, argMax(row_hash, (ingested_at, seq)) AS hash FROM ${ident(LABELS)}
    WHERE entity = ${label.entity.name} AND name = ${label.id}
      AND observed_at >= ${bound(month)} AND observed_at < ${bound(addDays(addMonths(month, 1), 1))}
      AND toStartOfMonth(${day}) = ${param('Date', month)}
    GROUP BY entity_id, observed_at ${having})`;
}

/** Counts the rows of a stage. BAD_USER_INPUT where an author's SQL gives an observation twice: none of the two is the outcome. */
async function countRows({ clickhouse, label, signal }: MonthRun, stage: Sql): Promise<number> {
  const [count] = await clickhouse.rows<{ rows: string; observations: string }>(
    'label-count',
    sql`SELECT count() AS rows, uniqExact(entity_id, observed_at) AS observations FROM ${stage}`,
    { signal },
  );
  const [rows, observations] = [Number(count?.rows ?? 0), Number(count?.observations ?? 0)];
  if (rows === observations) return rows;
  throw badInput(
    `label ${label.id} gives ${rows} rows for ${observations} observations of a ${label.entity.name}`,
    `let the SQL of ${label.file} give each entity_id and observed_at once`,
  );
}

interface Written {
  readonly rows: number;
  readonly seq: bigint;
  readonly stamp: Instant;
}

async function record(run: MonthRun, { rows, seq, stamp }: Written): Promise<WrittenMonth> {
  const { clickhouse, label, month, knowledge, sources, signal } = run;
  const [count] = await clickhouse.rows<{ changed: string }>(
    'label-count',
    sql`SELECT count() AS changed FROM ${ident(LABELS)} WHERE seq = ${param('UInt64', String(seq))}`,
    { signal },
  );
  const changed = Number(count?.changed ?? 0);
  const line = [
    label.id,
    month,
    instantText(knowledge),
    Object.fromEntries(Object.entries(sources).map(([table, newest]) => [table, String(newest)])),
    String(seq),
    instantText(stamp),
    rows,
    changed,
  ];
  // Last: training sets read what is recorded, and no part of a month.
  await clickhouse.insert(
    'label-record',
    { table: RUNS, columns: ['label', 'month', 'knowledge', 'sources', 'seq', 'at', 'rows', 'changed'] },
    [line],
  );
  return { rows, changed };
}
