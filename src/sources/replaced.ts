import { ident, join, sql } from '../core/definitions/sql.js';
import { columnsOfFile, type SourceTable } from '../core/lending/sources.js';
import type { ClickHouse } from '../warehouse/client.js';
import { isKnownWhenWritten } from './knowledge.js';
import { jsonLines } from './ndjson.js';
import type { Quarantine } from './quarantine.js';

interface Staged {
  readonly clickhouse: ClickHouse;
  readonly table: SourceTable;
  readonly stage: string;
  readonly quarantine: Quarantine;
}

/**
 * Puts into the quarantine the staged rows that a later line of the file replaces: of the rows of a key that bring no time at which they were
 * known, the last says what holds, and those with other content were never in force.
 * @returns how many rows these are
 */
export async function refuseReplaced({ clickhouse, table, stage, quarantine }: Staged): Promise<number> {
  const from = ident(stage);
  const key = join(table.key.map(ident));
  const columns = columnsOfFile(table).map(({ name }) => name);
  const bytes = clickhouse.bytes(
    'import-replaced',
    sql`SELECT __line, __by, ${join(columns.map(ident))} FROM ${from}
      INNER JOIN (
        SELECT ${key}, max(__line) AS __by, argMax(row_hash, __line) AS __hash FROM ${from} WHERE ${isKnownWhenWritten}
        GROUP BY ${key} HAVING min(row_hash) != max(row_hash)
      ) AS last USING (${key})
      WHERE ${isKnownWhenWritten} AND row_hash != __hash ORDER BY __line`,
    'JSONEachRow',
    // The stage is sorted by the key.
    { settings: { optimize_aggregation_in_order: 1 } },
  );
  const before = quarantine.rejected;
  for await (const lines of jsonLines(bytes)) {
    for (const { object } of lines) {
      const row = object as Readonly<Record<string, unknown>>;
      const record = { line: Number(row.__line), values: columns.map((name) => row[name]), raw: null };
      const reason = `line ${row.__by} says otherwise of the same key, and counts: an ingested_at for each line keeps both`;
      await quarantine.add(record, columns, { column: null, reason });
    }
  }
  await quarantine.end();
  return quarantine.rejected - before;
}
