import { randomUUID } from 'node:crypto';
import { ident, type Sql, sql } from '../../core/definitions/sql.js';
import type { ClickHouse } from '../../warehouse/client.js';

const PREFIX = 'gang_work_';

/** Tables of one derivation, which are dropped with it. */
export interface WorkTables {
  /** The name of a new one; its creator makes it. */
  name(purpose: string): string;
  drop(name: string): Promise<void>;
  /** Drops every one that is left. */
  close(): Promise<void>;
}

/** Opens the tables of a derivation that holds the lease; what a killed one left is dropped. */
export async function openWorkTables(clickhouse: ClickHouse): Promise<WorkTables> {
  const drop = (name: string) => clickhouse.run('gangs-drop', sql`DROP TABLE IF EXISTS ${ident(name)} SYNC`);
  const leftovers = await clickhouse.rows<{ name: string }>(
    'gangs-leftovers',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, ${PREFIX})`,
  );
  for (const { name } of leftovers) await drop(name);
  // Another id each time: a holder that lost its lease may still be writing to tables of its own.
  const run = randomUUID().slice(0, 8);
  const open = new Set<string>();
  let count = 0;
  return {
    name(purpose) {
      const name = `${PREFIX}${run}_${++count}_${purpose}`;
      open.add(name);
      return name;
    },
    async drop(name) {
      await drop(name);
      open.delete(name);
    },
    async close() {
      for (const name of open) await drop(name).catch(() => undefined);
    },
  };
}

/** Makes a table of the rows of a SELECT. */
export const createAs = (
  clickhouse: ClickHouse,
  {
    name,
    engine,
    select,
    signal,
  }: { readonly name: string; readonly engine: Sql; readonly select: Sql; readonly signal: AbortSignal },
): Promise<void> =>
  clickhouse.run('gangs-work', sql`CREATE TABLE ${ident(name)} ENGINE = ${engine} AS ${select}`, { signal });
