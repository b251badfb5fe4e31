/** Rows of any source table, made from what core/sources.ts says of it: few ids, so that views find something to count. */

import { instantText } from '../../src/core/definitions/sql.js';
import { addDays, addMonths, type BusinessCalendar, type Instant } from '../../src/core/helpers/time.js';
import { POSITION_COLUMNS, positionValues } from '../../src/core/lending/position-columns.js';
import { columnsOfFile, MAX_FLOAT, MONEY_DIGITS } from '../../src/core/lending/source-columns.js';
import { type SourceColumn, type SourceTable, VERSION_COLUMNS } from '../../src/core/lending/sources.js';

const DAY = 86_400_000;

export interface GeneratedRow {
  readonly table: SourceTable;
  /** By column; what the table does not declare follows as in VERSION_COLUMNS. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly event: Instant;
  readonly ingested: Instant;
}

/** Mulberry32: the same seed gives the same rows. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface GenerateOptions {
  readonly seed: number;
  /** Events lie around it: many shortly before, some long before, some after. */
  readonly around: Instant;
  readonly tables: readonly SourceTable[];
  readonly keysPerTable: number;
  readonly calendar: BusinessCalendar;
  /** Probability with which a cell has the smallest or the largest value that an import takes. */
  readonly extremes?: number;
  /** Factor of the number of ids. */
  readonly spread?: number;
}

/** The smallest and the largest value of a column that an import takes; null where it has none. */
function extremesOf({ name, type, range }: SourceColumn): readonly [unknown, unknown] | null {
  if (range) return range;
  switch (type) {
    case 'Money':
      return [`-${'9'.repeat(MONEY_DIGITS)}.99`, `${'9'.repeat(MONEY_DIGITS)}.99`];
    case 'Float64':
      return [-MAX_FLOAT, MAX_FLOAT];
    case 'Int8':
      return [-128, 127];
    case 'UInt16':
      return [0, 65_535];
    case 'UInt32':
      return [0, 4_294_967_295];
    case 'Date':
      return name === 'month' ? null : ['1970-01-01', '2149-06-06'];
    case 'Date32':
      return ['1900-01-01', '2299-12-31'];
    case 'Instant':
      return [instantText(0), instantText(Date.UTC(2299, 11, 31))];
    case 'FloatMap':
      return [{ score: -MAX_FLOAT }, { score: MAX_FLOAT }];
    default:
      return null;
  }
}

/** Texts of which definitions read some by name. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  entity: ['customer', 'loan'],
  event_type: ['OPEN', 'REGISTER', 'FILL', 'SUBMIT', 'PAGE_VIEW'],
  identifier_type: ['DEVICE', 'PHONE', 'WIFI', 'EMPLOYER'],
};

/** Keys have one event time and one to three versions of their content, some of them tombstones, some known late. */
export function generateSources({
  seed,
  around,
  tables,
  keysPerTable,
  calendar,
  extremes = 0,
  spread = 1,
}: GenerateOptions): GeneratedRow[] {
  const next = random(seed);
  const upTo = (limit: number): number => Math.floor(next() * limit);
  const pick = <T>(from: readonly T[]): T => from[upTo(from.length)] as T;
  const instant = (): Instant =>
    around + Math.floor((next() < 0.7 ? -45 : -700) * next() * DAY) + (next() < 0.2 ? 30 * DAY : 0);
  const IDS: Readonly<Record<string, number>> = {
    customer_id: 6,
    entity_id: 6,
    device_id: 4,
    loan_id: 8,
    line_id: 4,
    application_id: 12,
    product: 2,
  };

  const value = (column: SourceColumn): unknown => {
    if (column.nullable && next() < 0.15) return null;
    const bounds = extremes > 0 && next() < extremes ? extremesOf(column) : null;
    if (bounds) return pick(bounds);
    if (column.values) return pick(column.values.filter((each) => each !== '' || column.default === ''));
    switch (column.type) {
      case 'String':
        if (TEXTS[column.name]) return pick(TEXTS[column.name] as readonly string[]);
        // Lines are of reports that exist: an id alone is a key as below.
        if (column.name === 'report_id') return `report_id-${upTo(20)}`;
        // Of labels the ids are those of customers.
        return `${column.name === 'entity_id' ? 'c' : column.name.slice(0, 1)}${upTo((IDS[column.name] ?? 5) * spread)}`;
      case 'Money':
        return (next() * 1000 - (next() < 0.1 ? 100 : 0)).toFixed(2);
      case 'Rate':
        return next().toFixed(6);
      case 'Float64':
        return upTo(column.range ? column.range[1] + 1 : 180);
      case 'Int8':
        return upTo(8) - 1;
      case 'Date':
        return calendar.dateOf(instant());
      case 'Date32':
        return `19${60 + upTo(39)}-0${1 + upTo(9)}-15`;
      case 'Instant':
        return instantText(instant());
      case 'StringMap':
      case 'FloatMap':
        return {};
      case 'StringArray':
        return ['hook', 'vpn', 'clone'].filter(() => next() < 0.3);
      default:
        return (
          (column.range?.[0] ?? 0) + upTo(Math.min(100, (column.range?.[1] ?? 100) - (column.range?.[0] ?? 0) + 1))
        );
    }
  };

  /** The event of a key, and the column that says so. */
  const happened = ({
    eventTime,
  }: SourceTable): { readonly event: Instant; readonly columns: Record<string, unknown> } => {
    const at = extremes > 0 && next() < extremes / 10 ? 0 : instant();
    if (eventTime.kind === 'always') return { event: 0, columns: {} };
    if (eventTime.kind === 'instant') return { event: at, columns: { [eventTime.column]: instantText(at) } };
    const date = calendar.dateOf(at);
    if (eventTime.kind === 'day') return { event: calendar.endOfDay(date), columns: { [eventTime.column]: date } };
    const month = `${date.slice(0, 7)}-01`;
    return { event: calendar.endOfDay(addDays(addMonths(month, 1), -1)), columns: { [eventTime.column]: month } };
  };

  const rows: GeneratedRow[] = [];
  for (const table of tables) {
    const taken = new Set<string>();
    for (let index = 0; index < keysPerTable; index++) {
      const { event, columns } = happened(table);
      const content = () =>
        withPosition(table, {
          ...Object.fromEntries(columnsOfFile(table).map((column) => [column.name, value(column)])),
          ...columns,
        });
      const identity = content() as Record<string, unknown>;
      // A table keyed by an id alone needs as many ids as rows.
      const [only] = table.key;
      if (table.key.length === 1 && only !== undefined && !(only in IDS && table.name === 'customers'))
        identity[only] = `${only}-${index}`;
      const key = Object.fromEntries(table.key.map((name) => [name, identity[name]]));
      if (taken.has(JSON.stringify(key))) continue;
      taken.add(JSON.stringify(key));
      let ingested = event + Math.floor(next() * next() * 3 * DAY);
      for (let version = 0; version <= upTo(3); version++) {
        const deleted = version > 0 && next() < 0.3 ? 1 : 0;
        const seq = rows.length + 1;
        rows.push({
          table,
          event,
          ingested,
          values: {
            ...content(),
            ...key,
            ingested_at: instantText(Math.max(ingested, 0)),
            deleted,
            seq,
            row_hash: String(seq),
          },
        });
        ingested += 1 + Math.floor(next() * 40 * DAY);
      }
    }
  }
  return rows;
}

/** What a database holds that was cut at `t`: nothing that happened or was known later, and no outcome that was still open. */
export function truncated(rows: readonly GeneratedRow[], t: Instant, knowledge: Instant): GeneratedRow[] {
  return rows
    .filter(({ event, ingested }) => event <= t && ingested <= knowledge)
    .map((row) => {
      const values = { ...row.values };
      for (const { columns, until } of row.table.hidden) {
        const closes = values[until];
        if (typeof closes === 'string' && closes > instantText(t)) for (const name of columns) values[name] = null;
      }
      return { ...row, values };
    });
}

export const insertColumns = (table: SourceTable): [string, ...string[]] => [
  ...(table.columns.map(({ name }) => name) as [string, ...string[]]),
  ...Object.keys(VERSION_COLUMNS),
];

/** A row with the columns that an import computes of it. */
function withPosition({ position }: SourceTable, row: Record<string, unknown>): Record<string, unknown> {
  if (position === null) return row;
  const values = positionValues(position, (column) => row[column]);
  return { ...row, ...Object.fromEntries(Object.keys(POSITION_COLUMNS).map((name, index) => [name, values[index]])) };
}
