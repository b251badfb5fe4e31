/** Which months of observations a label has, what is computed of them, and what came in since. */
import { observationsSql } from '../../core/compute/labels/label-sql.js';
import type { Label } from '../../core/definitions/definitions.js';
import { ident, instantSql, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { Instant, LocalDate } from '../../core/helpers/time.js';
import { eventTimeInKey, eventTimeSql } from '../../core/lending/source-sql.js';
import type { SourceTable } from '../../core/lending/sources.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import type { ClickHouse } from '../../warehouse/client.js';

/** Days that a Date of ClickHouse holds, and the days beside them. */
export const ALL_DAYS = { from: '1970-01-02', to: '2149-01-01' } as const;

export interface ObservedMonth {
  /** First day of the month. */
  readonly month: LocalDate;
  /** When the first and the last of its outcomes become known. */
  readonly firstKnown: Instant;
  readonly lastKnown: Instant;
  /** First day of the month in which its last window ends. */
  readonly ends: LocalDate;
}

/** The months that have observations, oldest first. */
export async function observedMonths(
  clickhouse: ClickHouse,
  label: Label,
  { now, timezone, signal }: { readonly now: Instant; readonly timezone: string; readonly signal: AbortSignal },
): Promise<readonly ObservedMonth[]> {
  const observations = observationsSql(label, { ...ALL_DAYS, knowledge: now, timezone });
  const rows = await clickhouse.rows<{ month: LocalDate; first: string; last: string; ends: LocalDate }>(
    'label-months',
    sql`SELECT toString(toStartOfMonth(observed_on)) AS month, toUnixTimestamp64Milli(min(known_at)) AS first,
        toUnixTimestamp64Milli(max(known_at)) AS last, toString(toStartOfMonth(max(ends_on))) AS ends
      FROM ${observations} GROUP BY month ORDER BY month`,
    { settings: BOUNDED, signal },
  );
  return rows.map(({ month, first, last, ends }) => ({
    month,
    firstKnown: Number(first),
    lastKnown: Number(last),
    ends,
  }));
}

export interface ComputedMonth {
  readonly knowledge: Instant;
  /** Newest sequence of the inputs that were there. */
  readonly inputs: bigint;
}

/** What was computed last of each month, by its first day. */
export async function computedMonths(
  clickhouse: ClickHouse,
  { id }: Pick<Label, 'id'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<LocalDate, ComputedMonth>> {
  const rows = await clickhouse.rows<{ month: LocalDate; knowledge: string; inputs: string }>(
    'label-runs',
    sql`SELECT toString(month) AS month, toUnixTimestamp64Milli(argMax(knowledge, seq)) AS knowledge, toString(argMax(inputs, seq)) AS inputs
      FROM label_runs WHERE label = ${id} GROUP BY month`,
    { signal },
  );
  return new Map(
    rows.map(({ month, knowledge, inputs }) => [month, { knowledge: Number(knowledge), inputs: BigInt(inputs) }]),
  );
}

/** The newest rows that say something of the time up to a month. */
export interface Inputs {
  readonly seq: bigint;
  readonly ingestedAt: Instant;
}

/** By month: what rows of the sources say of any time up to its end. */
export type InputsThrough = (month: LocalDate) => Inputs;

const NOTHING: Inputs = { seq: 0n, ingestedAt: 0 };

/** Of two numbers that are too large for Math.max. */
const laterOf = (a: bigint, b: bigint): bigint => {
  if (a < b) return b;
  return a;
};

const newer = (a: Inputs, b: Inputs): Inputs => ({
  seq: laterOf(a.seq, b.seq),
  ingestedAt: Math.max(a.ingestedAt, b.ingestedAt),
});

/** Reads the newest versions of a table by the month of which they say something. */
export async function inputsOf(
  clickhouse: ClickHouse,
  table: SourceTable,
  { now, timezone, signal }: { readonly now: Instant; readonly timezone: string; readonly signal: AbortSignal },
): Promise<InputsThrough> {
  const rows = await clickhouse.rows<{ of: LocalDate; newest: string; came: string }>(
    'label-inputs',
    sql`SELECT toString(month) AS of, toString(max(seq)) AS newest, toUnixTimestamp64Milli(max(ingested)) AS came
      FROM (${join(touched(table, timezone), ' UNION ALL ')}) WHERE ingested <= ${instantSql(now)} GROUP BY month ORDER BY month`,
    // A table is sorted by its key: the versions of one are beside each other, and no key waits in memory for the rest of the table.
    { settings: { ...BOUNDED, optimize_aggregation_in_order: 1 }, signal },
  );
  return (month) =>
    rows
      .filter(({ of }) => of <= month)
      .reduce((all, { newest, came }) => newer(all, { seq: BigInt(newest), ingestedAt: Number(came) }), NOTHING);
}

/** Versions by the month in which they happened; one that moves its row to another time says something of the time before too. */
function touched(table: SourceTable, timezone: string): readonly Sql[] {
  const monthOf = (instant: Sql): Sql => sql`toStartOfMonth(toDate(${instant}, ${timezone}))`;
  const happened = eventTimeSql(table, timezone);
  const from = ident(table.name);
  const own = sql`SELECT ${monthOf(happened)} AS month, v.seq AS seq, v.ingested_at AS ingested FROM ${from} AS v`;
  if (table.eventTime.kind === 'always' || eventTimeInKey(table)) return [own];
  const key = join(table.key.map((name) => sql`v.${ident(name)}`));
  const moved = sql`SELECT ${monthOf(raw('earliest'))} AS month, seq, ingested FROM (
      SELECT min(${happened}) AS earliest, max(v.seq) AS seq, max(v.ingested_at) AS ingested FROM ${from} AS v GROUP BY ${key} HAVING count() > 1
    )`;
  return [own, moved];
}

export const through =
  (all: readonly InputsThrough[]): InputsThrough =>
  (month) =>
    all.reduce((sum, each) => newer(sum, each(month)), NOTHING);
