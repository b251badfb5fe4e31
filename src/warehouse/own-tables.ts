/** The tables of a project in the store: those that the platform fills, and those that it reads in place. */
import type { SourceTable } from '../core/lending/sources.js';
import type { TableFit } from '../core/lending/table-fit.js';
import { attachTables, compareAttached, isAttached } from './attached-tables.js';
import type { ClickHouse } from './client.js';
import { compareTables, fitTables } from './table-shapes.js';

const filled = (tables: readonly SourceTable[]): readonly SourceTable[] => tables.filter((table) => !isAttached(table));

/** @param timezone of the portfolio, in which the days of attached tables end */
export async function compareOwnTables(
  clickhouse: ClickHouse,
  tables: readonly SourceTable[],
  timezone: string,
): Promise<readonly TableFit[]> {
  const fits = [...(await compareTables(clickhouse, filled(tables)))];
  for (const table of tables.filter(isAttached)) fits.push(await compareAttached(clickhouse, table, timezone));
  return fits;
}

/** Makes what the store lacks of the tables; see `fitTables` and `attachTables`. */
export async function makeOwnTables(
  clickhouse: ClickHouse,
  tables: readonly SourceTable[],
  timezone: string,
): Promise<void> {
  await fitTables(clickhouse, filled(tables));
  await attachTables(clickhouse, tables.filter(isAttached), timezone);
}
