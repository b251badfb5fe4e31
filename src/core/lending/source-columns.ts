/** The description of a source table: its columns, its key, and when a row happened and could be known. */
import type {
  AttachedSpec,
  ColumnSpec,
  HiddenColumns,
  PositionSpec,
  SourceType,
  TableSpec,
} from '../definitions/define-table.js';
import type { Span } from '../helpers/span.js';
import { DAY, parseDuration } from '../helpers/time.js';
import { POSITION_COLUMNS } from './position-columns.js';

export type { HiddenColumns, SourceType } from '../definitions/define-table.js';

/** ClickHouse types of source columns, without their Nullable. */
export const SOURCE_TYPES = {
  String: 'String',
  UInt8: 'UInt8',
  UInt16: 'UInt16',
  UInt32: 'UInt32',
  Int8: 'Int8',
  Float64: 'Float64',
  Money: 'Decimal(18, 2)',
  Rate: 'Decimal(9, 6)',
  Date: 'Date',
  /** Dates of birth: a Date starts in 1970. */
  Date32: 'Date32',
  Instant: "DateTime64(3, 'UTC')",
  StringMap: 'Map(String, String)',
  FloatMap: 'Map(String, Float64)',
  StringArray: 'Array(String)',
} as const satisfies Record<SourceType, string>;

/**
 * Digits of an amount before the point. Room above them is what jobs count with: the parts of a row add up and turn into cents within
 * `Decimal(18, 2)`, ten thousand rows sum in 64-bit cents, and any number of rows in `Decimal(38, 2)`.
 */
export const MONEY_DIGITS = 12;
/** Magnitude of a floating-point value: it converts to Int64 and Decimal(38, 6), and its squares and sums stay finite. */
export const MAX_FLOAT = 1e18;

export interface SourceColumn extends ColumnSpec {
  readonly name: string;
  readonly key: boolean;
  /** Must be in the file and hold a value in every row. */
  readonly required: boolean;
  /** Came after the table was made: rows from before have no value of it. */
  readonly added?: boolean;
  /** An import makes it of the row's other columns: no file has it, and it is no part of what the row says. */
  readonly computed?: boolean;
}

/** How the event time of a row is found: an instant column, the end of a local day, the end of a month named by its first day, or never (reference data). */
export type EventTime =
  | { readonly kind: 'instant' | 'day' | 'month'; readonly column: string }
  | { readonly kind: 'always' };

export interface SourceTable {
  readonly name: string;
  /** What one row is. */
  readonly description: string;
  readonly columns: readonly SourceColumn[];
  readonly key: readonly string[];
  readonly eventTime: EventTime;
  /** With `history=true`, when a row could be known: this instant column, else the event time. */
  readonly knownAt: string | null;
  readonly hidden: readonly HiddenColumns[];
  /** How a day is known to be whole, and by how long after its end, in ms; null for a table that promises nothing. */
  readonly completeness: { readonly by: 'marked' | 'arrival'; readonly within: number } | null;
  /** The stretch of event time that one partition of the stored table holds; null for one that is not cut. */
  readonly partition: 'month' | 'year' | null;
  /** How long a row is kept after its event time; null for good. */
  readonly retention: Span | null;
  /** The table in which derivations record their runs, whose `seq` continues that of the imports; null for a table that is not derived. */
  readonly derivationRuns: string | null;
  /** The job that alone writes the table; null for a table that imports fill. */
  readonly derivationJob: string | null;
  /** Of which columns the position columns are computed; null for a table without a position. */
  readonly position: PositionSpec | null;
  /** Where it is read in place; null for a table that the platform fills. */
  readonly attached: AttachedSpec | null;
  /** The file of a project that defines it; null for a table that comes with the platform. */
  readonly definedBy: { readonly file: string; readonly hash: string } | null;
  /** Of a table that is planned: the columns that an apply adds to the store, or the whole table; it reads as empty. Absent: it is stored. */
  readonly planned?: 'TABLE' | readonly string[];
  /** Of a table that is planned: what to know of it before it is applied. */
  readonly notes?: readonly string[];
}

/** The source table that a file defines. `definedBy`: the file of a project. */
export function tableOf(name: string, spec: TableSpec, definedBy: SourceTable['definedBy'] = null): SourceTable {
  const { eventTime = { kind: 'always' }, completeness, completeWithin } = spec;
  const within = completeWithin === undefined ? DAY : parseDuration(completeWithin);
  return Object.freeze<SourceTable>({
    name,
    description: spec.description,
    key: spec.key,
    eventTime: typeof eventTime === 'string' ? { kind: 'instant', column: eventTime } : eventTime,
    knownAt: spec.knownAt ?? null,
    hidden: spec.hidden ?? [],
    completeness: completeness === undefined ? null : { by: completeness, within },
    partition: spec.partition ?? null,
    retention: spec.retention ?? null,
    derivationRuns: spec.derivationRuns ?? null,
    derivationJob: spec.derivationJob ?? null,
    attached: spec.attached ?? null,
    definedBy,
    position: spec.position ?? null,
    columns: [
      ...Object.entries(spec.columns).map(([columnName, columnSpec]) => ({
        name: columnName,
        ...columnSpec,
        key: spec.key.includes(columnName),
        required: !columnSpec.nullable && columnSpec.default === undefined,
      })),
      ...(spec.position === undefined ? [] : computedColumns(spec, spec.position)),
    ],
  });
}

/** The columns that an import computes of a row's position. */
function computedColumns({ columns }: TableSpec, { latitude, longitude }: PositionSpec): readonly SourceColumn[] {
  const isPersonal = columns[latitude]?.pii === true || columns[longitude]?.pii === true;
  return Object.entries<ColumnSpec>(POSITION_COLUMNS).map(([name, column]) => ({
    name,
    ...column,
    // The status says no place.
    pii: isPersonal && name !== 'position_status',
    key: false,
    required: false,
    computed: true,
  }));
}

/** The columns that a file may have. */
export const columnsOfFile = ({ columns }: Pick<SourceTable, 'columns'>): readonly SourceColumn[] =>
  columns.filter(({ computed }) => !computed);
