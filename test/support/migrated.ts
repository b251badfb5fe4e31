/**
 * ClickHouse databases that hold the platform's tables. To make and drop the tables takes longer than most tests work with them, so a
 * worker empties a database that was closed, and the next test file takes it.
 */
import { fileURLToPath } from 'node:url';
import { ident, raw, sql } from '../../src/core/definitions/sql.js';
import { type ClickHouse, openClickHouse } from '../../src/warehouse/client.js';
import { migrateClickHouse } from '../../src/warehouse/migrate.js';
import { quietLog } from './homes.js';
import { type FreshStore, freshClickHouseDatabase } from './stores.js';
import { TABLES } from './tables.js';

export const MIGRATIONS = fileURLToPath(new URL('../../migrations/clickhouse', import.meta.url));

type Database = FreshStore & { readonly database: string };

interface Migrated {
  readonly made: Database;
  /** What the migrations made, by name. */
  readonly tables: ReadonlyMap<string, Table>;
}

interface Table {
  readonly name: string;
  readonly definition: string;
  readonly rows: number;
}

/** Their rows say what was migrated. */
const KEPT = 'schema_migrations';

const free: Migrated[] = [];

/** A database in which the migrations have run and no table has a row. */
export async function migratedClickHouseDatabase(): Promise<Database> {
  const taken = free.pop() ?? (await migrate(await freshClickHouseDatabase()));
  const { url, database } = taken.made;
  return { url, database, close: () => giveBack(taken) };
}

async function migrate(made: Database): Promise<Migrated> {
  return connected(made, async (clickhouse) => {
    await migrateClickHouse({ tables: TABLES.all, clickhouse, directory: MIGRATIONS, clock: () => 0, log: quietLog });
    return { made, tables: new Map((await tablesOf(clickhouse)).map((table) => [table.name, table])) };
  });
}

/** Empties a database for the next test file; drops one that a test has changed, or where a statement still runs. */
async function giveBack(taken: Migrated): Promise<void> {
  const isEmpty = await connected(taken.made, (clickhouse) => emptied(clickhouse, taken.tables));
  if (isEmpty) free.push(taken);
  else await taken.made.close();
}

async function emptied(clickhouse: ClickHouse, wanted: Migrated['tables']): Promise<boolean> {
  const tables = await tablesOf(clickhouse);
  const same = tables.filter(({ name, definition }) => wanted.get(name)?.definition === definition);
  const kept = tables.find(({ name }) => name === KEPT)?.rows;
  if (same.length < wanted.size || kept !== wanted.get(KEPT)?.rows || (await isBusy(clickhouse))) return false;
  for (const { name } of tables.filter((table) => !wanted.has(table.name)))
    await clickhouse.run('test', sql`DROP TABLE ${ident(name)} SYNC`);
  for (const { name } of same.filter((table) => table.rows > 0 && table.name !== KEPT))
    await clickhouse.run('test', sql`TRUNCATE TABLE ${ident(name)}`);
  return true;
}

async function tablesOf(clickhouse: ClickHouse): Promise<readonly Table[]> {
  const rows = await clickhouse.rows<{ name: string; definition: string; rows: string }>(
    'test',
    raw(`SELECT name, create_table_query AS definition, toString(ifNull(total_rows, 1)) AS rows
      FROM system.tables WHERE database = currentDatabase()`),
  );
  return rows.map((row) => ({ ...row, rows: Number(row.rows) }));
}

/** Whether the server is at a statement that the test no longer waits for: it goes on with one that writes. */
async function isBusy(clickhouse: ClickHouse): Promise<boolean> {
  const running = await clickhouse.rows(
    'test',
    raw(`SELECT 1 FROM system.processes WHERE current_database = currentDatabase() AND query NOT LIKE '%system.processes%'
      UNION ALL SELECT 1 FROM system.mutations WHERE database = currentDatabase() AND NOT is_done`),
  );
  return running.length > 0;
}

async function connected<T>({ url, database }: Database, body: (clickhouse: ClickHouse) => Promise<T>): Promise<T> {
  const metrics = { count: () => undefined, observe: () => undefined, gauge: () => undefined };
  const clickhouse = openClickHouse({ url, database, log: quietLog, metrics });
  try {
    return await body(clickhouse);
  } finally {
    await clickhouse.close();
  }
}
