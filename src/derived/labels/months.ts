/** Which months of observations a label has, what is computed of them, and what came in since. */
import { observationsSql } from '../../core/compute/labels/label-sql.js';
import type { Label } from '../../core/definitions/definitions.js';
import { ident, instantSql, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { Instant, LocalDate } from '../../core/helpers/time.js';
import { eventTimeInKey, eventTimeSql } from '../../core/lending/source-sql.js';
import type { SourceTable } from '../../core/lending/sources.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { newestWhole } from '../../warehouse/newest-whole.js';

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

/** The newest sequence of each table whose rows say something of the time up to a month. */
export type Sequences = Readonly<Record<string, bigint>>;

export interface ComputedMonth {
  readonly knowledge: Instant;
  /** Those that were read. */
  readonly sources: Sequences;
}

/** What was computed last of each month, by its first day. */
export async function computedMonths(
  clickhouse: ClickHouse,
  { id }: Pick<Label, 'id'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<LocalDate, ComputedMonth>> {
  const rows = await clickhouse.rows<{ month: LocalDate; knowledge: string; read: Readonly<Record<string, string>> }>(
    'label-runs',
    sql`SELECT toString(month) AS month, toUnixTimestamp64Milli(argMax(knowledge, seq)) AS knowledge, argMax(sources, seq) AS read
      FROM label_runs WHERE label = ${id} GROUP BY month`,
    { signal },
  );
  const sequences = (read: Readonly<Record<string, string>>): Sequences =>
    Object.fromEntries(Object.entries(read).map(([table, seq]) => [table, BigInt(seq)]));
  return new Map(
    rows.map(({ month, knowledge, read }) => [month, { knowledge: Number(knowledge), sources: sequences(read) }]),
  );
}

/** What came in that says something of the time up to a month. */
export interface Inputs {
  /** Of whole imports: the rows of one that is under way are news again when it is done. */
  readonly sources: Sequences;
  /** Since when the newest rows are known. */
  readonly ingestedAt: Instant;
}

/** By month: what rows of the sources say of any time up to its end. */
export type InputsThrough = (month: LocalDate) => Inputs;

const NOTHING: Inputs = { sources: {}, ingestedAt: 0 };

/** Of two numbers that are too large for Math.max. */
const laterOf = (a: bigint, b: bigint): bigint => {
  if (a < b) return b;
  return a;
};

const newer = (a: Inputs, b: Inputs): Inputs => ({
  sources: {
    ...a.sources,
    ...Object.fromEntries(
      Object.entries(b.sources).map(([table, seq]) => [table, laterOf(seq, a.sources[table] ?? 0n)]),
    ),
  },
  ingestedAt: Math.max(a.ingestedAt, b.ingestedAt),
});

/** Whether something came in since a month was computed: by the table, for one that is slow has lower sequences than another has already. */
export const isNews = ({ sources, ingestedAt }: Inputs, before: ComputedMonth): boolean =>
  ingestedAt > before.knowledge || Object.entries(sources).some(([table, seq]) => seq > (before.sources[table] ?? 0n));

/** Reads the newest versions of a table by the month of which they say something. */
export async function inputsOf(
  clickhouse: ClickHouse,
  table: SourceTable,
  { now, timezone, signal }: { readonly now: Instant; readonly timezone: string; readonly signal: AbortSignal },
): Promise<InputsThrough> {
  const read = { known: sql`v.ingested_at <= ${instantSql(now)}`, whole: await newestWhole(clickhouse, table) };
  const rows = await clickhouse.rows<{ of: LocalDate; newest: string; came: string }>(
    'label-inputs',
    sql`SELECT toString(month) AS of, toString(max(seq)) AS newest, toUnixTimestamp64Milli(max(ingested)) AS came
      FROM (${join(touched(table, timezone, read), ' UNION ALL ')}) GROUP BY month ORDER BY month`,
    // A table is sorted by its key: the versions of one are beside each other, and no key waits in memory for the rest of the table.
    { settings: { ...BOUNDED, optimize_aggregation_in_order: 1 }, signal },
  );
  return (month) =>
    rows
      .filter(({ of }) => of <= month)
      .reduce(
        (all, { newest, came }) => newer(all, { sources: { [table.name]: BigInt(newest) }, ingestedAt: Number(came) }),
        NOTHING,
      );
}

/** Versions by the month in which they happened; one that moves its row to another time says something of the time before too. */
function touched(
  table: SourceTable,
  timezone: string,
  { known, whole }: { readonly known: Sql; readonly whole: string },
): readonly Sql[] {
  const newest = sql`maxIf(v.seq, v.seq <= ${param('UInt64', whole)})`;
  const monthOf = (instant: Sql): Sql => sql`toStartOfMonth(toDate(${instant}, ${timezone}))`;
  const happened = eventTimeSql(table, timezone);
  const from = sql`${ident(table.name)} AS v WHERE ${known}`;
  const own = sql`SELECT ${monthOf(happened)} AS month, ${newest} AS seq, max(v.ingested_at) AS ingested FROM ${from} GROUP BY month`;
  if (table.eventTime.kind === 'always' || eventTimeInKey(table)) return [own];
  const key = join(table.key.map((name) => sql`v.${ident(name)}`));
  const moved = sql`SELECT ${monthOf(raw('earliest'))} AS month, seq, ingested FROM (
      SELECT min(${happened}) AS earliest, ${newest} AS seq, max(v.ingested_at) AS ingested FROM ${from} GROUP BY ${key} HAVING count() > 1
    )`;
  return [own, moved];
}

export const through =
  (all: readonly InputsThrough[]): InputsThrough =>
  (month) =>
    all.reduce((sum, each) => newer(sum, each(month)), NOTHING);
