import { instantText } from '../core/definitions/sql.js';
import { badInput } from '../core/errors.js';
import type { BusinessCalendar, Instant, LocalDate } from '../core/helpers/time.js';
import { datumColumn, positionValues } from '../core/lending/position-columns.js';
import {
  columnsOfFile,
  type Datum,
  type SourceColumn,
  type SourceTable,
  type VERSION_COLUMNS,
} from '../core/lending/sources.js';
import { WHEN_WRITTEN } from './knowledge.js';
import { emptyOf, flag, instantMs, isAbsent, Problem, parserOf, type Stored, type ValueParser } from './values.js';

/** Columns that a file may bring beside the table's own. */
const FILE_EXTRAS = ['ingested_at', 'deleted'] as const satisfies readonly (keyof typeof VERSION_COLUMNS)[];

export interface RowParserOptions {
  readonly table: SourceTable;
  readonly history: boolean;
  readonly now: Instant;
  readonly calendar: BusinessCalendar;
  /** Datum of positions without one. */
  readonly datum: Datum;
}

export interface Refusal {
  readonly column: string | null;
  readonly reason: string;
}

/** Values of the table's columns in their order, then `ingested_at` and `deleted`. */
export type StoredRow = readonly (Stored | null)[];

export const isRefusal = (row: StoredRow | Refusal): row is Refusal => 'reason' in row;

interface Cell {
  readonly column: SourceColumn;
  /** Where the file has it; -1 where it does not. */
  readonly at: number;
  readonly parse: ValueParser;
}

/** The column names that a file of this table may have. */
export const fileColumns = (table: SourceTable): string[] => [
  ...columnsOfFile(table).map(({ name }) => name),
  ...FILE_EXTRAS,
];

/** BAD_USER_INPUT naming every unknown, repeated and missing column at once. */
export function checkHeader(table: SourceTable, header: readonly string[]): void {
  const allowed = fileColumns(table);
  const problems = [
    ['unknown', header.filter((name) => !allowed.includes(name))],
    ['repeated', header.filter((name, index) => header.indexOf(name) !== index)],
    [
      'missing',
      table.columns.filter(({ name, required }) => required && !header.includes(name)).map(({ name }) => name),
    ],
  ] as const;
  const present = problems.filter(([, names]) => names.length > 0);
  if (present.length === 0) return;
  const words = present.map(
    ([what, names]) =>
      `${what}: ${names
        .slice(0, 20)
        .map((name) => `'${name.slice(0, 64)}'`)
        .join(', ')}`,
  );
  throw badInput(
    `the header does not fit table ${table.name}: columns ${words.join('; ')}`,
    `the columns are ${allowed.join(', ')}`,
  );
}

interface KnownColumn {
  readonly name: string;
  /** Where the file has it, and where the table. */
  readonly at: number;
  readonly stored: number;
  /** For dates: the day at whose end the row was known. */
  readonly end: DayEnd | null;
}

interface Outcome {
  readonly name: string;
  readonly at: number;
  readonly until: string;
  readonly untilAt: number;
  readonly open: readonly string[];
}

/** Indexes of a row's coordinates and their datum. */
interface Position {
  readonly latitude: number;
  readonly longitude: number;
  readonly datum: number;
}

/** Turns records of one file, with values in the order of its header, into rows to store or refusals. Check the header first. */
export class RowParser {
  private readonly cells: readonly Cell[];
  private readonly ingestedAt: number;
  private readonly deleted: number;
  /** The column that tells when a row could be known, and where the file has it. */
  private readonly knownColumn: KnownColumn | null;
  private readonly outcomes: readonly Outcome[];
  private readonly position: Position | null;
  private readonly indexes: ReadonlyMap<string, number>;
  private readonly dayEnds = new Map<string, Instant>();

  constructor(
    private readonly options: RowParserOptions,
    header: readonly string[],
  ) {
    const { table } = options;
    this.cells = columnsOfFile(table).map((column) => ({
      column,
      at: header.indexOf(column.name),
      parse: parserOf(column, table),
    }));
    this.ingestedAt = header.indexOf('ingested_at');
    this.deleted = header.indexOf('deleted');
    this.knownColumn = knownColumn(table, header);
    const indexOf = (name: string): number => table.columns.findIndex((column) => column.name === name);
    this.position = positionOf(table, indexOf);
    this.indexes = new Map(table.columns.map(({ name }, index) => [name, index]));
    this.outcomes = table.hidden.flatMap(({ until, outcome }) =>
      outcome
        ? [{ name: outcome.column, at: indexOf(outcome.column), until, untilAt: indexOf(until), open: outcome.open }]
        : [],
    );
  }

  parse(values: readonly unknown[]): StoredRow | Refusal {
    const deletedValue = values[this.deleted];
    const deleted = isAbsent(deletedValue) ? 0 : flag(deletedValue);
    if (deleted instanceof Problem) return { column: 'deleted', reason: deleted.reason };
    const row: (Stored | null)[] = [];
    for (const cell of this.cells) {
      const value = values[cell.at];
      const stored = isAbsent(value) ? absent(cell.column, deleted === 1) : cell.parse(value);
      if (stored instanceof Problem) return { column: cell.column.name, reason: stored.reason };
      row.push(stored);
    }
    this.fillDatum(row);
    const { position } = this.options.table;
    if (position) row.push(...positionValues(position, (column) => row[this.indexes.get(column) as number]));
    const knownAt = this.knowledgeTime(values, row);
    if (typeof knownAt !== 'number') return knownAt;
    row.push(instantText(knownAt), deleted);
    return row;
  }

  /** Stores the datum with the row, since the setting may change and the meaning of earlier rows must not. */
  private fillDatum(row: (Stored | null)[]): void {
    if (this.position === null) return;
    const { latitude, longitude, datum } = this.position;
    if (row[datum] === null && row[latitude] !== null && row[longitude] !== null) row[datum] = this.options.datum;
  }

  private knowledgeTime(values: readonly unknown[], row: StoredRow): Instant | Refusal {
    const { history, now } = this.options;
    const value = values[this.ingestedAt];
    if (!isAbsent(value)) {
      const at = instantMs(value);
      if (at instanceof Problem) return { column: 'ingested_at', reason: at.reason };
      return at <= now ? at : { column: 'ingested_at', reason: 'is in the future' };
    }
    if (!history) return WHEN_WRITTEN;
    if (this.knownColumn === null) return 0;
    const open = this.undated(row);
    if (open) return open;
    const { name, at, stored, end } = this.knownColumn;
    const when = values[at];
    if (isAbsent(when))
      return { column: name, reason: 'has no value, and without it no time at which the row was known' };
    const known = end ? this.dayEnd(row[stored] as LocalDate, end) : (instantMs(when) as Instant);
    // A day that is not over yet is known once it is written: a later correction must not fall before it.
    return known < now ? known : WHEN_WRITTEN;
  }

  /** Refuses an outcome without its time, which would be known too early in a first load of the past. */
  private undated(row: StoredRow): Refusal | null {
    for (const { name, at, until, untilAt, open } of this.outcomes) {
      const value = row[at] as string | null;
      if (value !== null && !open.includes(value) && row[untilAt] === null) {
        return { column: until, reason: `has no value, and without it no time at which ${name} was known` };
      }
    }
    return null;
  }

  private dayEnd(date: LocalDate, end: DayEnd): Instant {
    const remembered = this.dayEnds.get(date);
    if (remembered !== undefined) return remembered;
    const instant = this.options.calendar.endOfDay(end(date));
    this.dayEnds.set(date, instant);
    return instant;
  }
}

/** Null where the table has no coordinates whose datum may differ. */
function positionOf({ position: spec }: SourceTable, indexOf: (column: string) => number): Position | null {
  const names = spec ?? { latitude: 'latitude', longitude: 'longitude', datum: 'datum' };
  const position = {
    latitude: indexOf(names.latitude),
    longitude: indexOf(names.longitude),
    datum: indexOf(datumColumn(names) ?? ''),
  };
  return Object.values(position).includes(-1) ? null : position;
}

type DayEnd = (date: LocalDate) => LocalDate;

const lastDayOfMonth: DayEnd = (date) =>
  new Date(Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)), 0)).toISOString().slice(0, 10);

function knownColumn(table: SourceTable, header: readonly string[]): KnownColumn | null {
  const { eventTime, knownAt } = table;
  const ends = { instant: null, day: (date: LocalDate) => date, month: lastDayOfMonth } as const;
  const time = knownAt === null ? eventTime : { column: knownAt, kind: 'instant' as const };
  if (time.kind === 'always') return null;
  const name = time.column;
  const stored = table.columns.findIndex((column) => column.name === name);
  return { name, at: header.indexOf(name), stored, end: ends[time.kind] };
}

function absent(column: SourceColumn, deleted: boolean): Stored | null | Problem {
  if (column.nullable) return null;
  if (column.default !== undefined) return column.default;
  if (deleted && !column.key) return emptyOf(column.type);
  return new Problem('has no value');
}
