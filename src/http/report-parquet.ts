/** A report as a Parquet file of typed columns. */
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { FeatureValue } from '../core/definitions/types.js';
import type { DataTable } from '../core/ports/indicators.js';
import type { TableColumn } from '../core/ports/offline.js';

/** What an INT64 holds, which every reader takes, and what readers take at most. */
const PRECISIONS = [
  { precision: 18, stored: { type: 'INT64' } },
  { precision: 38, stored: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16 } },
] as const;

/** Places that a column has whatever its values, so that the files of two days have the same type: of rates six, of money two. */
const PLACES: Readonly<Record<string, number>> = { fraction: 6, count: 0 };
const OTHER_PLACES = 2;

interface Column {
  readonly element: SchemaElement;
  readonly data: unknown[];
}

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/** Exact: digits become an integer with a scale and never a float. Null where a value is no number, or has more digits than readers take. */
function decimals({ name, unit }: TableColumn, values: readonly FeatureValue[]): Column | null {
  if (values.some((value) => value !== null && !DECIMAL.test(String(value)))) return null;
  const parts = values.map((value) => (value === null ? null : DECIMAL.exec(String(value))));
  const scale = Math.max(PLACES[unit ?? ''] ?? OTHER_PLACES, ...parts.map((part) => part?.[3]?.length ?? 0));
  const data = parts.map((part) => {
    if (part === null) return null;
    const [, sign = '', whole = '', fraction = ''] = part;
    return BigInt(`${sign}${whole}${fraction.padEnd(scale, '0')}`);
  });
  const digits = Math.max(scale, ...data.map((value) => (value === null ? 0 : String(value).replace('-', '').length)));
  const fit = PRECISIONS.find(({ precision }) => digits <= precision);
  if (!fit) return null;
  const { precision, stored } = fit;
  const decimal = { precision, scale };
  return {
    element: {
      name,
      ...stored,
      ...decimal,
      repetition_type: 'OPTIONAL',
      converted_type: 'DECIMAL',
      logical_type: { type: 'DECIMAL', ...decimal },
    },
    data,
  };
}

function columnOf(column: TableColumn, values: readonly FeatureValue[]): Column {
  const { name, type } = column;
  const optional = { name, repetition_type: 'OPTIONAL' } as const;
  const each = (read: (value: FeatureValue) => unknown): unknown[] =>
    values.map((value) => (value === null ? null : read(value)));
  const text = (): Column => ({
    element: { ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
    data: each(String),
  });
  switch (type) {
    case 'DATE':
      return {
        element: { ...optional, type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } },
        data: each((day) => new Date(`${day}T00:00:00Z`)),
      };
    case 'DECIMAL':
      return decimals(column, values) ?? text();
    case 'INT32':
      return { element: { ...optional, type: 'INT32' }, data: each(Number) };
    case 'INT64':
      return { element: { ...optional, type: 'INT64' }, data: each((value) => BigInt(String(value))) };
    case 'FLOAT32':
    case 'FLOAT64':
      return { element: { ...optional, type: 'DOUBLE' }, data: each(Number) };
    case 'BOOLEAN':
      return { element: { ...optional, type: 'BOOLEAN' }, data: each(Boolean) };
    default:
      return text();
  }
}

/** Dates are dates, exact numbers DECIMAL with every digit, integers and floats numbers; all else is text. Every column may be NULL. */
export function toParquet({ columns, rows }: DataTable): Buffer {
  const written = columns.map((column, index) =>
    columnOf(
      column,
      rows.map((row) => row[index] ?? null),
    ),
  );
  const schema = [{ name: 'root', num_children: written.length }, ...written.map(({ element }) => element)];
  const columnData = written.map(({ element, data }) => ({ name: element.name, data }));
  return Buffer.from(parquetWriteBuffer({ schema, columnData }));
}
