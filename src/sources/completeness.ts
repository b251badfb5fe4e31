import { instantSql, raw, type Sql, sql } from '../core/definitions/sql.js';
import { badInput } from '../core/errors.js';
import { addDays, type BusinessCalendar, type Instant, type LocalDate } from '../core/helpers/time.js';
import { storedRows } from '../core/lending/source-ddl.js';
import { eventTimeSql, happenedBy } from '../core/lending/source-sql.js';
import type { SourceTable, SourceTables } from '../core/lending/sources.js';
import type { Completeness, CompletenessLedger, TableCompleteness } from '../core/ports/completeness.js';
import type { Log, StoreClock } from '../core/ports/process.js';
import type { ClickHouse } from '../warehouse/client.js';

/** The first day that a column of days can hold. */
const FIRST_DAY = '1970-01-01';

export interface CompletenessOptions {
  readonly ledger: CompletenessLedger;
  readonly clickhouse: Pick<ClickHouse, 'rows'>;
  readonly tables: SourceTables;
  /** Of the portfolio, whose days end at its midnight. */
  readonly calendar: BusinessCalendar;
  /** One clock for all processes: one that is ahead would take a day as over. */
  readonly storeClock: StoreClock;
  readonly log: Log;
}

/** Keeps what senders say of the days of a table, and tells by the rows where that is what the table promises. */
export function createCompleteness({
  ledger,
  clickhouse,
  tables,
  calendar,
  storeClock,
  log,
}: CompletenessOptions): Completeness {
  const check = (date: LocalDate, now: Instant): void => {
    if (date < FIRST_DAY)
      throw badInput(`${date} is before ${FIRST_DAY}`, 'name the last day whose rows are all there');
    const over = lastOver(calendar, now);
    if (date <= over) return;
    throw badInput(
      `${date} is not over in ${calendar.timezone}: more of its rows may come`,
      `mark it once it is over; the last day that is over is ${over}`,
    );
  };

  const mark: Completeness['mark'] = async ({ table, through, by }) => {
    tables.get(table);
    const now = await storeClock();
    check(through, now);
    await ledger.advance({ table, through, at: now, by });
    log.info({ table, through, by }, 'the table is marked as complete');
  };

  const arrived = async (table: SourceTable, now: Instant): Promise<LocalDate | null> => {
    const [row] = await clickhouse.rows<{ newest: string | null }>(
      'source-newest-event',
      newestEvent(table, now, calendar.timezone),
    );
    return row?.newest ? addDays(calendar.dateOf(Number(row.newest)), -1) : null;
  };

  /** The days, from one on, that the first row of the day after has made whole, and when it was known. */
  const arrivals = async (table: SourceTable, from: LocalDate) => {
    const rows = await clickhouse.rows<{ day: LocalDate; known: string }>(
      'source-first-known',
      firstKnown(table, { after: calendar.endOfDay(from), now: await storeClock(), timezone: calendar.timezone }),
    );
    return rows.map(({ day, known }) => ({ through: addDays(day, -1), at: Number(known) }));
  };

  return {
    async check(table, date) {
      tables.get(table);
      check(date, await storeClock());
    },

    mark,

    async markImported({ rejected, ...given }) {
      if (rejected === 0) return mark(given);
      log.warn({ ...given, rejected }, 'the table is not marked as complete: rows of the file were rejected');
    },

    async wholeSince(name, days) {
      const first = days.toSorted()[0];
      if (first === undefined) return new Map();
      const table = tables.find(name);
      const byRows =
        table?.completeness?.by === 'arrival' && tables.served.includes(name)
          ? await arrivals(table, first).catch((err: unknown) => {
              log.warn(
                { err, table: name },
                'the rows of the table cannot be read: its days are whole by its marks alone',
              );
              return [];
            })
          : [];
      const known = [...(await ledger.since(name, first)), ...byRows];
      return new Map(
        days.flatMap((day) => {
          const since = Math.min(...known.filter(({ through }) => through >= day).map(({ at }) => at));
          return Number.isFinite(since) ? [[day, since]] : [];
        }),
      );
    },

    async of(names) {
      const [marks, now] = await Promise.all([ledger.marks(), storeClock()]);
      const one = async (name: string): Promise<TableCompleteness> => {
        const table = tables.find(name);
        const marked = marks.find((mark) => mark.table === name)?.through ?? null;
        // Nothing is read of a table that is refused or not applied yet.
        if (!table || !tables.served.includes(name))
          return { table: name, through: marked, due: null, lateSeconds: null };
        const byRows = table.completeness?.by === 'arrival' ? await arrived(table, now) : null;
        return { table: name, ...standing(calendar, { table, through: later(marked, byRows), now }) };
      };
      // One that fails says so of itself: the others are answered.
      return Promise.all(names.map((name) => one(name).catch((cause: unknown) => asError(cause))));
    },
  };
}

const asError = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)));

const later = (a: LocalDate | null, b: LocalDate | null): LocalDate | null =>
  a === null || (b !== null && b > a) ? b : a;

/** The last local day that is over at an instant. */
const lastOver = (calendar: BusinessCalendar, instant: Instant): LocalDate => addDays(calendar.dateOf(instant), -1);

function standing(
  calendar: BusinessCalendar,
  { table, through, now }: { readonly table: SourceTable; readonly through: LocalDate | null; readonly now: Instant },
): Omit<TableCompleteness, 'table'> {
  if (table.completeness === null) return { through, due: null, lateSeconds: null };
  const { within } = table.completeness;
  const due = lastOver(calendar, now - within);
  const missing = through === null ? due : addDays(through, 1);
  const dueAt = calendar.startOfDay(addDays(missing, 1)) + within;
  return { through, due, lateSeconds: missing > due ? 0 : (now - dueAt) / 1_000 };
}

/** The days after an instant of which a row is there that has happened by now, each with when the first was known, UTC milliseconds as text. */
function firstKnown(
  table: SourceTable,
  { after, now, timezone }: { readonly after: Instant; readonly now: Instant; readonly timezone: string },
): Sql {
  const at = instantSql(now);
  const event = eventTimeSql(table, timezone);
  const happened = happenedBy(table, at, timezone) ?? raw('1');
  // A row that was known before it happened says nothing until it has.
  return sql`SELECT toString(toDate(${event}, ${timezone})) AS day, toString(min(toUnixTimestamp64Milli(greatest(v.ingested_at, ${event})))) AS known
    FROM ${storedRows(table)} AS v
    WHERE ${event} > ${instantSql(after)} AND ${happened} AND v.ingested_at <= ${at} AND v.deleted = 0 GROUP BY day`;
}

/** When the newest row happened of those that have by now and are known, UTC milliseconds as text; NULL where there is none. */
function newestEvent(table: SourceTable, now: Instant, timezone: string): Sql {
  const at = instantSql(now);
  const happened = happenedBy(table, at, timezone) ?? raw('1');
  return sql`SELECT if(count() = 0, NULL, toString(toUnixTimestamp64Milli(max(${eventTimeSql(table, timezone)})))) AS newest
    FROM ${storedRows(table)} AS v WHERE ${happened} AND v.ingested_at <= ${at} AND v.deleted = 0`;
}
