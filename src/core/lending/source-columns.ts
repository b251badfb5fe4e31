/** The description of a source table: its columns, its key, and when a row happened and could be known. */
import { rangeOf } from './coordinates.js';

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
} as const;

export type SourceType = keyof typeof SOURCE_TYPES;

/**
 * Digits of an amount before the point. Room above them is what jobs count with: the parts of a row add up and turn into cents within
 * `Decimal(18, 2)`, ten thousand rows sum in 64-bit cents, and any number of rows in `Decimal(38, 2)`.
 */
export const MONEY_DIGITS = 12;
/** Magnitude of a floating-point value: it converts to Int64 and Decimal(38, 6), and its squares and sums stay finite. */
export const MAX_FLOAT = 1e18;

export interface ColumnSpec {
  /** What a cell means, as the documentation of the tables shows it. */
  readonly description: string;
  readonly type: SourceType;
  readonly nullable: boolean;
  /** The only values allowed. */
  readonly values?: readonly string[];
  /** Smallest and largest value of a number; without it, `MAX_FLOAT` either way for a Float64, and what the type holds for the others. */
  readonly range?: readonly [min: number, max: number];
  /** Default where the file has no value; such a column may be absent from the file. */
  readonly default?: '' | readonly [] | Readonly<Record<string, never>>;
  /** Identifies a person or a device: masked for modeler. */
  readonly pii: boolean;
}

export interface SourceColumn extends ColumnSpec {
  readonly name: string;
  readonly key: boolean;
  /** Must be in the file and hold a value in every row. */
  readonly required: boolean;
}

/** How the event time of a row is found: an instant column, the end of a local day, the end of a month named by its first day, or never (reference data). */
export type EventTime =
  | { readonly kind: 'instant' | 'day' | 'month'; readonly column: string }
  | { readonly kind: 'always' };

/** Columns that read NULL before the instant in `until`, whatever version of the row is in force. */
export interface HiddenColumns {
  readonly columns: readonly string[];
  readonly until: string;
  /** The column that says how it ended, and its values that mean "not yet": with any other, `until` says since when that is known. */
  readonly outcome?: { readonly column: string; readonly open: readonly string[] };
}

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
  /** The table in which derivations record their runs, whose `seq` continues that of the imports; null for a table that is not derived. */
  readonly derivationRuns: string | null;
}

const column =
  (type: SourceType, more: Partial<ColumnSpec> = {}) =>
  (description: string): ColumnSpec => ({ description, type, nullable: false, pii: false, ...more });

export const text = column('String');
export const textOrEmpty = column('String', { default: '' });
export const flag = column('UInt8', { values: ['0', '1'] });
export const uint16 = column('UInt16');
/** A number of months: a century of them is a mistake. */
export const months = column('UInt16', { range: [0, 1_200] });
/** A place in a schedule, which is counted from 1: a payment for number 0 would pay nothing. */
export const ordinal = column('UInt16', { range: [1, 65_535] });
export const uint32 = column('UInt32');
export const int8 = column('Int8');
export const float = column('Float64');
export const latitude = column('Float64', { range: rangeOf('latitude') });
export const longitude = column('Float64', { range: rangeOf('longitude') });
export const money = column('Money');
export const probability = column('Float64', { range: [0, 1] });
/** A fraction a year, as 0.24: ten thousand percent is a mistake, and a lender may pay, but no more than all of it. */
export const rate = column('Rate', { range: [-1, 100] });
export const day = column('Date');
export const dayOfBirth = column('Date32');
export const instant = column('Instant');
export const textMap = column('StringMap', { default: {} });
export const floatMap = column('FloatMap', { default: {} });
export const texts = column('StringArray', { default: [] });
export const oneOf = (description: string, values: readonly string[]): ColumnSpec => ({ ...text(description), values });

/** Nullable, and may be absent from the file. */
export const opt = (spec: ColumnSpec): ColumnSpec => ({ ...spec, nullable: true });
export const pii = (spec: ColumnSpec): ColumnSpec => ({ ...spec, pii: true });

export interface TableSpec {
  readonly description: string;
  readonly key: readonly string[];
  /** Absent: reference data that always held. */
  readonly eventTime?: EventTime | string;
  readonly knownAt?: string;
  readonly hidden?: readonly HiddenColumns[];
  readonly derivationRuns?: string;
  readonly columns: Readonly<Record<string, ColumnSpec>>;
}

export function table(name: string, spec: TableSpec): SourceTable {
  const { eventTime = { kind: 'always' } } = spec;
  return Object.freeze<SourceTable>({
    name,
    description: spec.description,
    key: spec.key,
    eventTime: typeof eventTime === 'string' ? { kind: 'instant', column: eventTime } : eventTime,
    knownAt: spec.knownAt ?? null,
    hidden: spec.hidden ?? [],
    derivationRuns: spec.derivationRuns ?? null,
    columns: Object.entries(spec.columns).map(([columnName, columnSpec]) => ({
      name: columnName,
      ...columnSpec,
      key: spec.key.includes(columnName),
      required: !columnSpec.nullable && columnSpec.default === undefined,
    })),
  });
}
