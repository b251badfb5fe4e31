import { ident, sql } from '../../src/core/definitions/sql.js';
import type { ClickHouse } from '../../src/warehouse/client.js';

/** Puts rows into a table by column name; a column that a row does not name takes its default. */
export async function insertRows(
  clickhouse: ClickHouse,
  table: string,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  if (rows.length === 0) return;
  const body = Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));
  await clickhouse.insertBytes('test-insert', sql`INSERT INTO ${ident(table)} FORMAT JSONEachRow`, body);
}
