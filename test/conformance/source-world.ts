/** Source tables that are filled by the import API, and the offline store over them. */

import { BusinessCalendar, type Instant } from '../../src/core/helpers/time.js';
import { type ClickHouse, openClickHouse } from '../../src/warehouse/client.js';
import { clickhouseAt } from '../materialize/views.js';
import { type OfflinePorts, offlineOn } from '../offline/support.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { openSources, type Sources } from '../sources/support.js';

export interface SourceWorld extends OfflinePorts {
  readonly sources: Sources;
  readonly store: ClickHouse;
  readonly calendar: BusinessCalendar;
  /** Imports rows by column name; fails where one is refused. */
  load(
    table: string,
    rows: readonly Readonly<Record<string, unknown>>[],
    more?: { readonly now?: Instant; readonly history?: boolean },
  ): Promise<void>;
  close(): Promise<void>;
}

/** Long after all that the cases play in. */
export const LATER: Instant = Date.UTC(2030, 0, 1);

export async function openSourceWorld(timezone = 'Asia/Shanghai'): Promise<SourceWorld> {
  const sources = await openSources(timezone);
  const store = openClickHouse({ ...clickhouseAt(sources.url), log: silentLog, metrics: noMetrics });
  const calendar = new BusinessCalendar(timezone);
  return {
    sources,
    store,
    ...offlineOn(store, calendar, { userSql: sources.userSql }),
    calendar,
    async load(table, rows, { now = LATER, history = false } = {}) {
      const body = rows.map((row) => JSON.stringify(row)).join('\n');
      const result = await sources.load(table, Buffer.from(body), { format: 'ndjson', now, history });
      if (result.rejected > 0) throw new Error(`rows of ${table} were refused: ${JSON.stringify(result.quarantine)}`);
    },
    async close() {
      await store.close();
      await sources.close();
    },
  };
}
