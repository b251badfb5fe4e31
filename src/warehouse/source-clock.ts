/** `source_clock`: since when the newest rows of each source table are known. */
import { instantText, raw, type Sql, sql } from '../core/definitions/sql.js';
import type { Instant } from '../core/helpers/time.js';
import type { Log, Metrics } from '../core/ports/process.js';
import type { ClickHouse } from './client.js';

export interface KnowledgeClock {
  readonly clickhouse: ClickHouse;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface KnowledgeRequest {
  readonly table: string;
  readonly now: Instant;
  /** In parentheses, one DateTime64(3,'UTC'): the newest instant that the rows themselves bring. */
  readonly brought?: Sql;
}

/**
 * The instant from which rows are known that are about to be written: now, but no earlier than any row of the table before. Call it under the lease
 * of the table, right before the rows are written. A clock that was set back would otherwise let an acknowledged correction stay behind what it
 * corrects.
 */
export async function knowledgeInstant(
  { clickhouse, log, metrics }: KnowledgeClock,
  { table, now, brought = raw('toDateTime64(0, 3)') }: KnowledgeRequest,
): Promise<Instant> {
  const [row] = await clickhouse.rows<{ before: string; staged: string }>(
    'source-clock',
    sql`SELECT toString(toUnixTimestamp64Milli((SELECT max(known) FROM source_clock WHERE table = ${table}))) AS before,
      toString(toUnixTimestamp64Milli(${brought})) AS staged`,
  );
  const before = Number(row?.before ?? 0);
  const known = Math.max(now, before, Number(row?.staged ?? 0));
  if (known > now) {
    metrics.count('import_clock_behind', { table });
    log.warn(
      { table, behindMs: known - now, knownFrom: instantText(known) },
      'the newest import of the table is later than the clock of this process, which is behind, or that of the other was ahead: these rows are known from the later instant on; set the clocks right',
    );
  }
  await clickhouse.insert('source-clock', { table: 'source_clock', columns: ['table', 'known'] }, [
    [table, instantText(known)],
  ]);
  return known;
}
