/** Runs the query of every view, label, fact and indicator on empty tables, by the engine itself. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plannedLabel } from '../core/compute/labels/label-sql.js';
import type { Fact, Indicator, Label, View } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import { sql } from '../core/definitions/sql.js';
import type { BusinessCalendar } from '../core/helpers/time.js';
import type { SourceTables } from '../core/lending/sources.js';
import type { Log } from '../core/ports/process.js';
import { startEmbedded } from '../embedded/index.js';
import { tryReport } from '../indicators/try.js';
import { tryQuery } from '../offline/history/compute.js';
import { viewQuery } from '../offline/history/view-sql.js';
import { type ClickHouse, openClickHouse } from '../warehouse/client.js';
import { refusalOf } from '../warehouse/failures.js';
import { migrateClickHouse } from '../warehouse/migrate.js';

const MIGRATIONS = fileURLToPath(new URL('../../migrations/clickhouse', import.meta.url));
const DATABASE = 'riskgraph';
const noMetrics = { count: () => undefined, observe: () => undefined, gauge: () => undefined };

const TRIED = { refusalIsAnswer: true };

/** A query that the engine refuses. */
export interface RefusedQuery {
  readonly of: View | Label | Fact | Indicator;
  readonly words: string;
}

/** A ClickHouse of its own with the tables, in a folder that goes with it, so that nothing of a server is touched. */
export async function withEmptyTables<T>(
  { tables, log }: { readonly tables: SourceTables; readonly log: Log },
  body: (store: ClickHouse) => Promise<T>,
): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'riskgraph-check-'));
  const need = { postgres: false, redis: false, clickhouse: true };
  try {
    const stores = await startEmbedded({ home, need, log, clickhouse: { connections: 2 } });
    try {
      const url = stores.urls.clickhouseUrl as string;
      const store = openClickHouse({ url, database: DATABASE, log, metrics: noMetrics });
      try {
        await migrateClickHouse({ clickhouse: store, directory: MIGRATIONS, tables: tables.all, clock: () => 0, log });
        return await body(store);
      } finally {
        await store.close();
      }
    } finally {
      await stores.close();
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

export async function refusedQueries(
  store: ClickHouse,
  { views, labels, facts, indicators }: Pick<Registry, 'views' | 'labels' | 'facts' | 'indicators'>,
  calendar: BusinessCalendar,
): Promise<readonly RefusedQuery[]> {
  const refused: RefusedQuery[] = [];
  for (const view of views.values()) {
    if (view.origin.kind !== 'query' || !renders(view, calendar)) continue;
    const words = await tryQuery({ store, calendar }, view);
    if (words !== null) refused.push({ of: view, words });
  }
  for (const label of labels.values()) {
    const words = await store.run('label-try', sql`${plannedLabel(label, calendar.timezone)} FORMAT Null`, TRIED).then(
      () => null,
      (error: Error) => (refusalOf(error) ?? error).message,
    );
    if (words !== null) refused.push({ of: label, words });
  }
  for (const reported of [...facts.values(), ...indicators.values()]) {
    const words = await tryReport(reported, store, calendar).then(
      () => null,
      (error: Error) => (refusalOf(error) ?? error).message,
    );
    if (words !== null) refused.push({ of: reported, words });
  }
  return refused;
}

/** What does not render is a problem of the definition, which is told with the others of its file. */
function renders(view: View, calendar: BusinessCalendar): boolean {
  try {
    viewQuery(view, { asOf: 0, knowledge: 0 }, calendar).render();
    return true;
  } catch {
    return false;
  }
}
