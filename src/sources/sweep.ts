/** Removes rows that are past the retention of their table. */
import { randomUUID } from 'node:crypto';
import { ident, instantSql, join, raw, type Sql, sql } from '../core/definitions/sql.js';
import type { BusinessCalendar } from '../core/helpers/time.js';
import { removedThrough } from '../core/lending/retention.js';
import { eventTimeSql } from '../core/lending/source-sql.js';
import { type SourceColumn, type SourceTable, type SourceTables, storedType } from '../core/lending/sources.js';
import type { StoreClock } from '../core/ports/process.js';
import type { SourceSweep } from '../core/ports/sources.js';
import type { ClickHouse } from '../warehouse/client.js';
import { keyRanges } from '../warehouse/key-ranges.js';
import { dropTable } from './stage.js';

const LABEL = 'source-sweep';
/** Rows, about, that one statement looks at: bounds its memory. */
const ROWS_AT_ONCE = 5_000_000;

export interface SourceSweepOptions {
  readonly clickhouse: ClickHouse;
  readonly tables: SourceTables;
  readonly calendar: BusinessCalendar;
  /** Of the stores: a process whose clock is ahead would remove rows too early. */
  readonly clock: StoreClock;
  readonly rowsAtOnce?: number;
}

/**
 * A key goes with all of its versions, once all of them are past the retention. One by one, as a TTL of the store removes them, a correction that moved a
 * row back in time would go before the version that it corrected, and that one would hold again.
 */
export function createSourceSweep({
  clickhouse,
  tables,
  calendar,
  clock,
  rowsAtOnce = ROWS_AT_ONCE,
}: SourceSweepOptions): SourceSweep {
  /** Removes the keys in ranges, which bound the memory of a statement. @returns their number */
  const removePast = async (table: SourceTable, through: Sql, signal: AbortSignal): Promise<number> => {
    const keys = join(table.key.map(ident));
    const stored = ident(table.name);
    const first = sql`toString(${ident(table.key[0] as string)})`;
    let removed = 0;
    for (const range of await keyRanges(clickhouse, { table: stored, key: first, rows: rowsAtOnce })) {
      signal.throwIfAborted();
      const past = sql`SELECT ${keys} FROM ${stored} AS v WHERE ${range(first)} GROUP BY ${keys}
        HAVING max(${eventTimeSql(table, calendar.timezone)}) <= ${through}`;
      const [[newest = '0'] = []] = await clickhouse.tuples<readonly [string]>(
        LABEL,
        sql`SELECT toString(max(seq)) FROM ${stored}`,
      );
      const [found] = await clickhouse.tuples<readonly [string]>(LABEL, sql`SELECT toString(count()) FROM (${past})`, {
        signal,
      });
      const count = Number(found?.[0] ?? 0);
      if (count > 0) await removeKeys(clickhouse, table, { past, newest });
      removed += count;
    }
    return removed;
  };

  return {
    async sweep(signal) {
      const swept: { readonly table: string; readonly keys: number }[] = [];
      const now = await clock();
      for (const name of tables.served) {
        const table = tables.get(name);
        if (table.retention === null) continue;
        const through = instantSql(removedThrough(table.retention, now, calendar));
        swept.push({ table: name, keys: await removePast(table, through, signal) });
      }
      return { tables: swept };
    },
  };
}

/**
 * Removes the rows of the keys that a query gives. They are put aside first: a mutation would run the query for each part of the table. A version that an
 * import brings meanwhile, with a sequence after the newest, stays: it may have moved its key back within the retention.
 */
async function removeKeys(
  clickhouse: ClickHouse,
  table: SourceTable,
  { past, newest }: { readonly past: Sql; readonly newest: string },
): Promise<void> {
  const keys = table.key.map((name) => table.columns.find((column) => column.name === name) as SourceColumn);
  const types = join(keys.map((column) => sql`${ident(column.name)} ${raw(storedType(column))}`));
  const aside = `import_stage_sweep_${randomUUID().replaceAll('-', '')}`;
  await clickhouse.run(LABEL, sql`CREATE TABLE ${ident(aside)} (${types}) ENGINE = Set`);
  try {
    await clickhouse.run(LABEL, sql`INSERT INTO ${ident(aside)} ${past}`);
    // A mutation runs in no database.
    const [place] = await clickhouse.tuples<readonly [string]>(LABEL, sql`SELECT currentDatabase()`);
    await clickhouse.run(
      LABEL,
      sql`ALTER TABLE ${ident(table.name)} DELETE
        WHERE seq <= ${raw(newest)} AND (${join(table.key.map(ident))}) IN ${ident(place?.[0] ?? '')}.${ident(aside)}`,
      { settings: { mutations_sync: '2' } },
    );
  } finally {
    await dropTable(clickhouse, aside);
  }
}
