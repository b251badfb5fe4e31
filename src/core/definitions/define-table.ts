import type { Datum } from '../helpers/datums.js';
import type { Span } from '../helpers/span.js';
import { rangeOf } from './coordinates.js';

/** Types of the columns of source tables; see `SOURCE_TYPES` for those of ClickHouse. */
export type SourceType =
  | 'String'
  | 'UInt8'
  | 'UInt16'
  | 'UInt32'
  | 'Int8'
  | 'Float64'
  | 'Money'
  | 'Rate'
  | 'Date'
  | 'Date32'
  | 'Instant'
  | 'StringMap'
  | 'FloatMap'
  | 'StringArray';

export interface ColumnOptions {
  /** 'days', 'CNY', 'fraction', … */
  readonly unit?: string;
  /** Smallest and largest value of a number; without it, `MAX_FLOAT` either way for a Float64, and what the type holds for the others. */
  readonly range?: readonly [min: number, max: number];
  /** Text that no imported value of this column holds: rows with it are the platform's own. `for` says whose, and what to do. */
  readonly reserved?: { readonly text: string; readonly for: string };
  /** Default where the file has no value; such a column may be absent from the file. */
  readonly default?: '' | readonly [] | Readonly<Record<string, never>>;
}

export interface ColumnSpec<T extends SourceType = SourceType> extends ColumnOptions {
  /** What a cell means, as the documentation of the tables shows it. */
  readonly description: string;
  readonly type: T;
  readonly nullable: boolean;
  /** The only values allowed. */
  readonly values?: readonly string[];
  /** Identifies a person or a device: masked for modeler. */
  readonly pii: boolean;
}

const column =
  <T extends SourceType>(type: T, always: Partial<ColumnSpec> = {}) =>
  (description: string, options: ColumnOptions = {}): ColumnSpec<T> => ({
    description,
    nullable: false,
    pii: false,
    ...always,
    ...options,
    type,
  });

export const text = column('String');
/** A text that is empty where the file has none. */
export const textOrEmpty = column('String', { default: '' });
/** 0 or 1. */
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
/** Two decimals, in the portfolio's currency. */
export const money = column('Money');
export const probability = column('Float64', { range: [0, 1] });
/** A fraction a year, as 0.24: ten thousand percent is a mistake, and a lender may pay, but no more than all of it. */
export const rate = column('Rate', { range: [-1, 100] });
/** A local day, from 1970. */
export const day = column('Date');
/** A local day, from 1900. */
export const dayOfBirth = column('Date32');
/** RFC 3339 with its zone, to the millisecond. */
export const instant = column('Instant');
export const textMap = column('StringMap', { default: {} });
export const floatMap = column('FloatMap', { default: {} });
export const texts = column('StringArray', { default: [] });
export const oneOf = (description: string, values: readonly string[], options: ColumnOptions = {}) => ({
  ...text(description, options),
  values,
});

/** Nullable, and may be absent from the file. */
export const opt = <T extends SourceType>(spec: ColumnSpec<T>): ColumnSpec<T> => ({ ...spec, nullable: true });
/** Identifies a person or a device: masked for modeler. */
export const pii = <T extends SourceType>(spec: ColumnSpec<T>): ColumnSpec<T> => ({ ...spec, pii: true });

const DATUMS = Object.keys({ WGS84: 1, GCJ02: 1, BD09: 1 } satisfies Record<Datum, 1>);

/** The datum of the row's `latitude` and `longitude`; the portfolio's own (RISKGRAPH_DATUM) where the file has none. */
export const datum = (description: string): ColumnSpec<'String'> => opt(oneOf(description, DATUMS));

type Columns = Readonly<Record<string, ColumnSpec>>;
type NameOf<C extends Columns> = keyof C & string;
/** Names of the columns of one type; any name where the columns are not known. */
type Typed<C extends Columns, T extends SourceType> = string extends keyof C
  ? string
  : {
      [K in NameOf<C>]: C[K]['type'] extends T ? K : never;
    }[NameOf<C>];

/** Columns that read NULL before the instant in `until`, whatever version of the row is in force. */
export interface HiddenColumns<Name extends string = string, Instant extends string = string> {
  readonly columns: readonly Name[];
  readonly until: Instant;
  /** The column that says how it ended, and its values that mean "not yet": with any other, `until` says since when that is known. */
  readonly outcome?: { readonly column: Name; readonly open: readonly string[] };
}

/** A table that lives in the lender's ClickHouse, on the server of the platform: read in place, never written. Expressions are SQL over its columns. */
export interface AttachedSpec<Name extends string = string> {
  /** `database.table` */
  readonly table: string;
  /** How columns are derived that have another name or type there, as `{ customer_id: 'toString(cust_no)' }`; the others are read by their name. */
  readonly columns?: { readonly [K in Name]?: string } | undefined;
  /** Since when a row is known, an instant. Absent: since it happened, and what was corrected later reads as if it had always been so. */
  readonly knowledgeTime?: string | undefined;
  /** 1 where the row no longer holds. Absent: every row holds. */
  readonly deleted?: string | undefined;
}

/** The columns of a row's position. */
export interface PositionSpec<
  Degrees extends string = string,
  Text extends string = string,
  Flag extends string = string,
> {
  readonly latitude: Degrees;
  readonly longitude: Degrees;
  /** The column that says the datum, or the datum of all rows. */
  readonly datum: Text | Datum;
  /** The column that is 1 where the device says that its position is made up. */
  readonly mocked?: Flag;
}

export interface TableSpec<C extends Columns = Columns> {
  /** What one row is. */
  readonly description: string;
  /** A row with the key of an earlier one and other content is a new version of it. */
  readonly key: readonly [NameOf<C>, ...NameOf<C>[]];
  /**
   * When a row happened: an instant column, the end of a local day, or the end of a month that is named by its first day. Absent: reference
   * data that always held.
   */
  readonly eventTime?: Typed<C, 'Instant'> | { readonly kind: 'day' | 'month'; readonly column: Typed<C, 'Date'> };
  /** With `history=true`, when a row could be known: this instant column, else the event time. */
  readonly knownAt?: Typed<C, 'Instant'>;
  /**
   * How a day is known to be whole: its sender says so with its last file or by `markComplete` ('marked'), or rows of a later day have come
   * ('arrival', for what comes in the order of its event time). Absent: the table promises nothing.
   */
  readonly completeness?: 'marked' | 'arrival';
  /** The time after the end of a day by which it is whole, such as '6h'; '1d' where absent. */
  readonly completeWithin?: string;
  /** How the stored rows are cut, by event time: a removal of rows that are past the retention rewrites the partitions that hold such rows alone. */
  readonly partition?: 'month' | 'year';
  /**
   * How long a row is kept after its event time. As of an instant a table holds the rows of this stretch before it; those that are a week past it are
   * removed for good. Absent: rows are kept for good.
   */
  readonly retention?: Span;
  readonly hidden?: readonly HiddenColumns<NameOf<C>, Typed<C, 'Instant'>>[];
  /** The table in which the platform's derivations of this one record their runs, whose `seq` continues that of the imports. */
  readonly derivationRuns?: string;
  /** The job that alone writes the table: an import into it is refused. */
  readonly derivationJob?: string;
  readonly attached?: AttachedSpec<NameOf<C>>;
  /** Where a row happened: each import computes its WGS84 position and its finest cells beside the columns of the file. */
  readonly position?: PositionSpec<Typed<C, 'Float64'>, Typed<C, 'String'>, Typed<C, 'UInt8'>>;
  readonly columns: C;
}

/** A source table: what is imported, which views and indicators read by `source('…')`. Its name is that of its file, `<name>.table.ts`. */
export const defineTable = <const C extends Columns>(spec: TableSpec<C>): { readonly kind: 'table' } & TableSpec<C> =>
  Object.freeze({ kind: 'table', ...spec });
