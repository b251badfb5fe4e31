/** Tables of a server as rows of named values. */
import { type AnyValue, type Forms, readValue } from './values.js';

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly unit: string | null;
  readonly description: string | null;
  /** The caller reads masks in place of the values. */
  readonly masked: boolean;
}

/** A value that is not there, with the reason. */
export interface NullCell {
  readonly row: number;
  readonly column: string;
  readonly reason: 'ZERO_DENOMINATOR' | 'IMMATURE' | 'NO_DATA';
}

export interface Table<Row> {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly Row[];
}

export interface Report<Row> extends Table<Row> {
  readonly nulls: readonly NullCell[];
  /** The newest local day with data. */
  readonly dataThrough: string | null;
}

export const TABLE_FIELDS = 'columns { name type unit description masked } rows';
export const REPORT_FIELDS = `${TABLE_FIELDS} nulls { row column reason } dataThrough`;

export interface SentTable {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly unknown[])[];
}

export interface SentReport extends SentTable {
  readonly nulls: readonly NullCell[];
  readonly dataThrough: string | null;
}

/** Rows as objects; `Row` is what the columns of the request are. */
export function tableOf<Row>({ columns, rows }: SentTable, forms: Forms): Table<Row> {
  const named = rows.map((row) => {
    const values: Record<string, AnyValue> = {};
    columns.forEach(({ name, type }, index) => {
      values[name] = readValue(type, row[index], forms);
    });
    return values as Row;
  });
  return { columns, rows: named };
}

export const reportOf = <Row>(sent: SentReport, forms: Forms): Report<Row> => ({
  ...tableOf<Row>(sent, forms),
  nulls: sent.nulls,
  dataThrough: sent.dataThrough,
});
