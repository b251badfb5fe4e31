import type { Instant } from '../../src/core/helpers/time.js';
import type { Row } from '../rows.js';

/** Values of a row as the import API takes them; null where the column is absent. */
export const textOf = (row: Row, column: string): string | null => (row[column] as string | undefined) ?? null;

export function instantOf(row: Row, column: string): Instant | null {
  const text = row[column] as string | undefined;
  return text === undefined || text === null ? null : Date.parse(text);
}

/** '123.45' to 12345; 0 where the column is absent. */
export const centsOf = (row: Row, column: string): number => Math.round(Number(row[column] ?? 0) * 100);

/** The last version of each key, in the order of the first. A version without `ingested_at` was known before one that has it. */
export function lastVersions(rows: readonly Row[], key: readonly string[]): Row[] {
  const [first, ...rest] = key;
  const last = new Map<string, Row>();
  for (const row of rows) {
    let id = String(row[first as string]);
    for (const column of rest) id += ` ${row[column]}`;
    const known = last.get(id);
    if (!known || (textOf(row, 'ingested_at') ?? '') >= (textOf(known, 'ingested_at') ?? '')) last.set(id, row);
  }
  return [...last.values()];
}
