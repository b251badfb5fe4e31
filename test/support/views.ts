/** A ClickHouse with the source tables, rows put in by hand, and the rows a view makes of them on a day. */
import { fileURLToPath } from 'node:url';
import type { View } from '../../src/core/definitions/definitions.js';
import { BusinessCalendar, type LocalDate } from '../../src/core/helpers/time.js';
import { viewQuery } from '../../src/offline/history/view-sql.js';
import { loadRegistry } from '../../src/registry/load.js';
import { type ClickHouse, openClickHouse } from '../../src/warehouse/client.js';
import { fillPositions } from '../../src/warehouse/fill-positions.js';
import { quietLog } from './homes.js';
import { insertRows } from './insert-rows.js';
import { migratedClickHouseDatabase } from './migrated.js';
import { TABLES } from './tables.js';

export type TableRow = Readonly<Record<string, unknown>>;

export interface SourceTables {
  readonly clickhouse: ClickHouse;
  readonly calendar: BusinessCalendar;
  /** Appends versions of rows with the columns that are computed of them; `ingested_at` is long ago where a row does not say it. */
  insert(table: string, rows: readonly TableRow[]): Promise<void>;
  /** What the view's run for the local midnight of a day gives, in key order. */
  view(id: string, day: LocalDate): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const noMetrics = { count: () => {}, observe: () => {}, gauge: () => {} };

export async function openSourceTables(timezone = 'Asia/Shanghai'): Promise<SourceTables> {
  const store = await migratedClickHouseDatabase();
  const clickhouse = openClickHouse({ url: store.url, database: store.database, log: quietLog, metrics: noMetrics });
  const { views } = await loadRegistry({ root: ROOT });
  const calendar = new BusinessCalendar(timezone);
  let seq = 0;
  return {
    clickhouse,
    calendar,
    async insert(table, rows) {
      const versions = rows.map((row) => ({ ingested_at: '2000-01-01T00:00:00.000Z', deleted: 0, seq: ++seq, ...row }));
      await insertRows(clickhouse, table, versions);
      if (rows.some(({ latitude }) => typeof latitude === 'number')) await fillPositions(clickhouse, TABLES.get(table));
    },
    async view(id, day) {
      const view = views.get(id) as View;
      const asOf = calendar.startOfDay(day);
      const rows = await clickhouse.rows<Record<string, unknown>>(
        'view-test',
        viewQuery(view, { asOf, knowledge: asOf + view.delayMs }, calendar),
      );
      const keyOf = (row: Record<string, unknown>): string => view.entity.joinKeys.map((key) => row[key]).join(' ');
      return rows.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    },
    async close() {
      await clickhouse.close();
      await store.close();
    },
  };
}
