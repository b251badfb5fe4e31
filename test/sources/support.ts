import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { raw } from '../../src/core/definitions/sql.js';
import { BusinessCalendar, type Instant } from '../../src/core/helpers/time.js';
import type { Datum, SourceTables } from '../../src/core/lending/sources.js';
import type { Metrics } from '../../src/core/ports/process.js';
import type { ImportRequest, ImportResult, SourceStore, SqlGuard } from '../../src/core/ports/sources.js';
import { createSourceStore } from '../../src/sources/store.js';
import { type ClickHouse, openClickHouse } from '../../src/warehouse/client.js';
import { createSqlGuard } from '../../src/warehouse/guard/sql-guard.js';
import { createUserSql, type UserSql } from '../../src/warehouse/user-sql.js';
import { quietLog } from '../support/homes.js';
import { unsharedLeases } from '../support/leases.js';
import { migratedClickHouseDatabase } from '../support/migrated.js';
import { TABLES } from '../support/tables.js';

export const quietMetrics: Metrics = { count: () => undefined, observe: () => undefined, gauge: () => undefined };
export const NOW: Instant = Date.UTC(2026, 2, 1);

export interface Sources {
  readonly url: string;
  readonly clickhouse: ClickHouse;
  readonly guard: SqlGuard;
  readonly userSql: UserSql;
  readonly store: SourceStore;
  readonly tempDir: string;
  /** A text or bytes as the body of an import. */
  load(
    table: string,
    body: string | Uint8Array | AsyncIterable<Uint8Array>,
    more?: Partial<Omit<ImportRequest, 'table' | 'body'>> & { readonly now?: Instant },
  ): Promise<ImportResult>;
  run(statement: string): Promise<void>;
  rows<Row>(query: string, params?: Record<string, unknown>): Promise<Row[]>;
  close(): Promise<void>;
}

/** The store over tables that are there. */
export function sourcesOver(
  clickhouse: ClickHouse,
  tables: SourceTables,
  { timezone = 'Asia/Shanghai', datum = 'WGS84' }: { readonly timezone?: string; readonly datum?: Datum } = {},
): Pick<Sources, 'guard' | 'userSql' | 'store' | 'tempDir' | 'load'> {
  const guard = createSqlGuard(clickhouse);
  const userSql = createUserSql(clickhouse);
  // Its own: a process runs many files, and one looks for what is left in it.
  const tempDir = join(tmpdir(), `riskgraph-import-${randomUUID()}`);
  const store = createSourceStore({
    tables,
    clickhouse,
    userSql,
    calendar: new BusinessCalendar(timezone),
    datum,
    log: quietLog,
    metrics: quietMetrics,
    tempDir,
    leases: unsharedLeases(),
  });
  return {
    guard,
    userSql,
    store,
    tempDir,
    load: (table, body, { now = NOW, ...more } = {}) =>
      store.import({
        table,
        body: typeof body === 'string' || body instanceof Uint8Array ? chunks(body) : body,
        format: 'csv',
        history: false,
        clock: () => now,
        requestId: 'test',
        ...more,
      }),
  };
}

/** The migrated tables in a database of their own, and the store over them. */
export async function openSources(timezone = 'Asia/Shanghai', datum: Datum = 'WGS84'): Promise<Sources> {
  const database = await migratedClickHouseDatabase();
  const clickhouse = openClickHouse({
    url: database.url,
    database: database.database,
    log: quietLog,
    metrics: quietMetrics,
  });
  return {
    url: database.url,
    ...sourcesOver(clickhouse, TABLES, { timezone, datum }),
    clickhouse,
    run: (statement) => clickhouse.run('test', raw(statement)),
    rows: async <Row>(query: string, params: Record<string, unknown> = {}) =>
      (await clickhouse.select({ label: 'test', query, params })) as Row[],
    close: async () => {
      await clickhouse.close();
      await database.close();
    },
  };
}

/** In small pieces, so that every row is cut somewhere. */
export const chunks = (body: string | Uint8Array, size = 7): AsyncIterable<Uint8Array> => {
  const bytes = Buffer.from(body as Uint8Array);
  const step = bytes.length > 100_000 ? 65_536 : size;
  return Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
    })(),
  );
};

/** Customers 0 to n-1, made as they are read; `wide` adds characters to each row. */
export async function* customersFile(rows: number, wide = 0): AsyncIterable<Uint8Array> {
  const tail = 'x'.repeat(wide);
  yield Buffer.from('customer_id,registered_at,city,occupation\n');
  for (let from = 0; from < rows; from += 500) {
    let text = '';
    for (let row = from; row < Math.min(rows, from + 500); row++) {
      text += `C${row},2024-01-01T00:00:00Z,c${row % 7},${tail}\n`;
    }
    yield Buffer.from(text);
  }
}
