/** The loans that a run works on, and the imports that it has seen; kept in ClickHouse beside the rows. */
import { ident, instantSql, instantText, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { type DayNumber, dateOfDay, type LocalDays } from '../../core/helpers/local-days.js';
import type { Instant } from '../../core/helpers/time.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { SNAPSHOTS } from './content.js';
import { derivedAt } from './history.js';
import { INPUT_TABLES } from './inputs.js';

const PREFIX = 'loan_snapshot_work_';
/** Every import of these may change what is derived: the inputs, and the loan-days that are then left alone. */
const WATCHED = [...INPUT_TABLES, SNAPSHOTS];

/** Rows of each import by the time a run began. */
export type Seen = readonly { readonly table: string; readonly seq: string; readonly rows: string }[];

export interface LastRun {
  readonly through: DayNumber;
  readonly timezone: string;
}

/** Reads the newest complete run; null before the first. */
export async function lastRun(clickhouse: ClickHouse): Promise<LastRun | null> {
  const [row] = await clickhouse.rows<{ through: number; timezone: string }>(
    'snapshots-last-run',
    sql`SELECT toUInt16(through) AS through, timezone FROM loan_snapshot_runs ORDER BY seq DESC LIMIT 1`,
  );
  return row ?? null;
}

/** Reads the imports that no run has seen; an import that is still being written shows again when it has more rows. */
export function unseen(clickhouse: ClickHouse, signal: AbortSignal): Promise<Seen> {
  const counts = WATCHED.map(
    (table) =>
      sql`SELECT ${table} AS table, seq, count() AS rows FROM ${ident(table)} ${raw(
        table === SNAPSHOTS ? 'WHERE derived = 0' : '',
      )} GROUP BY seq`,
  );
  return clickhouse.rows(
    'snapshots-unseen',
    sql`SELECT table, toString(seq) AS seq, toString(rows) AS rows FROM (${join(counts, ' UNION ALL ')}) AS now
      WHERE (table, seq, rows) NOT IN (SELECT toString(table), seq, rows FROM loan_snapshot_inputs FINAL)`,
    { signal },
  );
}

/** Higher than the number of any import or run before. */
export async function nextRunSeq(clickhouse: ClickHouse, now: Instant): Promise<bigint> {
  const [row] = await clickhouse.rows<{ newest: string }>(
    'snapshots-sequence',
    sql`SELECT toString(greatest((SELECT max(seq) FROM loan_snapshots), (SELECT max(seq) FROM loan_snapshot_runs))) AS newest`,
  );
  const byTime = BigInt(now) << 20n;
  const after = BigInt(row?.newest ?? 0) + 1n;
  return byTime > after ? byTime : after;
}

export interface Work {
  readonly table: Sql;
  /** Conditions on `loan_id`, each for one partition, in order. */
  readonly partitions: readonly Sql[];
  readonly loans: number;
  drop(): Promise<void>;
}

/** Writes the loans of a run, a SELECT of `loan_id`, `backdated` and `was_open`, to a table of its own, each once. */
export async function planWork(
  clickhouse: ClickHouse,
  touched: Sql,
  {
    seq,
    loansAPartition,
    signal,
  }: { readonly seq: bigint; readonly loansAPartition: number; readonly signal: AbortSignal },
): Promise<Work> {
  const drop = (name: Sql) => clickhouse.run('snapshots-drop', sql`DROP TABLE IF EXISTS ${name} SYNC`);
  const leftovers = await clickhouse.rows<{ name: string }>(
    'snapshots-leftovers',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, ${PREFIX})`,
  );
  for (const { name } of leftovers) await drop(ident(name));
  const table = ident(`${PREFIX}${seq}`);
  await clickhouse.run(
    'snapshots-plan',
    sql`CREATE TABLE ${table} (loan_id String, backdated UInt8, was_open UInt8) ENGINE = MergeTree ORDER BY loan_id`,
  );
  await clickhouse.run(
    'snapshots-plan',
    sql`INSERT INTO ${table} SELECT loan_id, max(backdated), max(was_open) FROM (${touched}) GROUP BY loan_id`,
    { signal },
  );
  const bounds = await clickhouse.rows<{ loan_id: string; loans: string }>(
    'snapshots-plan',
    sql`SELECT loan_id FROM (SELECT loan_id, row_number() OVER (ORDER BY loan_id) AS number FROM ${table})
      WHERE number % ${param('UInt64', loansAPartition)} = ${param('UInt64', 1 % loansAPartition)} ORDER BY loan_id`,
  );
  const [count] = await clickhouse.rows<{ loans: string }>(
    'snapshots-plan',
    sql`SELECT toString(count()) AS loans FROM ${table}`,
  );
  const partitions = bounds.map(({ loan_id: from }, index) => {
    const to = bounds[index + 1]?.loan_id;
    return to === undefined ? sql`loan_id >= ${from}` : sql`loan_id >= ${from} AND loan_id < ${to}`;
  });
  return {
    table,
    partitions,
    loans: Number(count?.loans ?? 0),
    drop: () => drop(table),
  };
}

interface WorkRange {
  readonly after: DayNumber | null;
  readonly through: DayNumber;
  readonly seen: Seen;
  readonly all: boolean;
}

/**
 * The loans of a run: those with a fact that becomes known in its days, those with a fact that earlier runs should have known (`backdated`), and
 * those that stay open.
 */
export function touchedLoans(days: LocalDays, { after, through, seen, all }: WorkRange): Sql {
  const since = after === null ? null : instantSql(derivedAt(days, after));
  const until = instantSql(derivedAt(days, through));
  const parts = WATCHED.flatMap((table) => {
    const imported = table === SNAPSHOTS ? sql`derived = 0 AND ` : raw('');
    const backdated = all ? '1' : '0';
    const from = since === null || all ? raw('') : sql`ingested_at > ${since} AND `;
    const fresh = sql`SELECT loan_id, ${raw(backdated)} AS backdated, 0 AS was_open FROM ${loansOf(table, sql`${imported}${from}ingested_at <= ${until}`)}`;
    const seqs = seen.filter((each) => each.table === table).map((each) => each.seq);
    if (since === null || seqs.length === 0) return [fresh];
    const late = sql`${imported}seq IN ${param('Array(UInt64)', seqs.map(BigInt))} AND ingested_at <= ${since}`;
    return [fresh, sql`SELECT loan_id, 1, 0 FROM ${loansOf(table, late)}`];
  });
  if (through === after) return join(parts, ' UNION ALL ');
  const open = sql`SELECT loan_id, 0, 1 FROM loan_snapshot_loans FINAL WHERE open = 1`;
  return join([...parts, open], ' UNION ALL ');
}

/** A repayment that is restated as another loan's touches both. */
const loansOf = (table: string, condition: Sql): Sql =>
  table === 'repayments'
    ? sql`repayments WHERE repayment_id IN (SELECT repayment_id FROM repayments WHERE ${condition})`
    : sql`${ident(table)} WHERE ${condition}`;

/** Marks a run as complete: from here on its days are derived and its imports seen. */
export async function finishRun(
  clickhouse: ClickHouse,
  seen: Seen,
  record: {
    readonly seq: bigint;
    readonly through: DayNumber;
    readonly timezone: string;
    readonly at: Instant;
    readonly loans: number;
    readonly rows: number;
    readonly changed: number;
  },
): Promise<void> {
  const { seq, through, timezone, at, loans, rows, changed } = record;
  await clickhouse.insert(
    'snapshots-record',
    { table: 'loan_snapshot_runs', columns: ['seq', 'through', 'timezone', 'at', 'loans', 'rows', 'changed'] },
    [[String(seq), dateOfDay(through), timezone, instantText(at), loans, rows, changed]],
  );
  // Last: were they marked as seen and the run lost, the next would not know what it has to do.
  await clickhouse.insert(
    'snapshots-record',
    { table: 'loan_snapshot_inputs', columns: ['table', 'seq', 'rows'] },
    seen.map((each) => [each.table, each.seq, each.rows]),
  );
}
