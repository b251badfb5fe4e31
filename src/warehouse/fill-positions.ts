/** Position columns of rows that were stored before their table had them. */
import { randomUUID } from 'node:crypto';
import type { PositionSpec } from '../core/definitions/define-table.js';
import { ident, join, param, raw, type Sql, sql } from '../core/definitions/sql.js';
import { datumColumn, POSITION_COLUMNS, positionValues } from '../core/lending/position-columns.js';
import { type SourceTable, storedType } from '../core/lending/sources.js';
import type { ClickHouse } from './client.js';

/** Distinct positions that are computed at once: bounds the memory here and in ClickHouse. */
const BATCH = 200_000;

const COMPUTED = Object.keys(POSITION_COLUMNS);
/** A row without a status was never computed. */
const DUE: Sql = sql`position_status IS NULL`;

const columnsOf = (position: PositionSpec): readonly string[] => {
  const { latitude, longitude, mocked } = position;
  return [latitude, longitude, datumColumn(position), mocked].filter((name) => typeof name === 'string');
};

/**
 * Computes the position columns of the stored rows that have none, by the same code as imports do, in place: what a row says and since when it is known
 * stays. A fill that is broken off goes on where it stopped; several processes may run it at once.
 */
export async function fillPositions(clickhouse: ClickHouse, table: SourceTable): Promise<void> {
  const { position } = table;
  if (position === null) return;
  const names = columnsOf(position);
  const key = sql`sipHash128(tuple(${join(names.map(ident))}))`;
  for (;;) {
    const rows = await clickhouse.tuples<readonly unknown[]>(
      'positions-due',
      sql`SELECT DISTINCT ${join(names.map(ident))}, toString(reinterpretAsUInt128(${key})) AS __key FROM ${ident(table.name)}
        WHERE ${DUE} LIMIT ${param('UInt64', BATCH)}`,
    );
    if (rows.length === 0) return;
    await fill(clickhouse, { table, key, rows: rows.map((row) => filled(position, names, row)) });
  }
}

const filled = (position: PositionSpec, names: readonly string[], row: readonly unknown[]): readonly unknown[] => [
  row[names.length],
  ...positionValues(position, (name) => row[names.indexOf(name)]),
];

interface Batch {
  readonly table: SourceTable;
  readonly key: Sql;
  readonly rows: readonly (readonly unknown[])[];
}

async function fill(clickhouse: ClickHouse, { table, key, rows }: Batch): Promise<void> {
  // Named as the stages of imports, so that what a killed process leaves is dropped with theirs.
  const batch = `import_stage_positions_${randomUUID().replaceAll('-', '')}`;
  const columns = table.columns.filter(({ name }) => COMPUTED.includes(name));
  const ddl = join(columns.map((column) => sql`${ident(column.name)} ${raw(storedType(column))}`));
  await clickhouse.run(
    'positions-batch',
    sql`CREATE TABLE ${ident(batch)} (k UInt128, ${ddl}) ENGINE = Join(ANY, LEFT, k)`,
  );
  try {
    await clickhouse.insert('positions-batch', { table: batch, columns: ['k', ...COMPUTED] }, rows);
    // A mutation runs in no database.
    const [place] = await clickhouse.tuples<readonly [string]>('positions-batch', sql`SELECT currentDatabase()`);
    const found = (name: string): Sql =>
      sql`joinGet(${raw(`'${place?.[0]}.${batch}', '${name}'`)}, reinterpretAsUInt128(${key}))`;
    await clickhouse.run(
      'positions-fill',
      sql`ALTER TABLE ${ident(table.name)} UPDATE ${join(COMPUTED.map((name) => sql`${ident(name)} = ${found(name)}`))}
        WHERE ${DUE} AND ${found('position_status')} IS NOT NULL`,
      { settings: { mutations_sync: '2' } },
    );
  } finally {
    await clickhouse.run('positions-batch', sql`DROP TABLE IF EXISTS ${ident(batch)} SYNC`);
  }
}
