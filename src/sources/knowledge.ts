/**
 * Since when rows that bring no `ingested_at` are known: from the moment at which they are written, under the lease of their table. An upload may
 * take an hour, and wait for another: what it brings must not count as known while no run could have read it.
 */
import { ident, instantSql, instantText, type Sql, sql } from '../core/definitions/sql.js';
import type { Instant } from '../core/helpers/time.js';
import type { Log, Metrics } from '../core/ports/process.js';
import type { ClickHouse } from '../warehouse/client.js';

/** In a stage, the `ingested_at` of a row that is known once it is written. No file has it: it lies in the future. */
export const WHEN_WRITTEN: Instant = Date.UTC(2299, 11, 31);

/** Whether a staged row is known once it is written. */
export const isKnownWhenWritten = sql`ingested_at = ${instantSql(WHEN_WRITTEN)}`;

/** DateTime64(3,'UTC') of a staged row. */
export const knownFrom = (known: Instant): Sql => sql`if(${isKnownWhenWritten}, ${instantSql(known)}, ingested_at)`;

export interface KnowledgeClock {
  readonly clickhouse: ClickHouse;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * The instant from which the staged rows are known: now, but no earlier than any row of the table before. Call it under the lease of the table,
 * right before the rows are written. A clock that was set back would otherwise let an acknowledged correction stay behind what it corrects.
 */
export async function knowledgeInstant(
  { clickhouse, log, metrics }: KnowledgeClock,
  { table, stage, now }: { readonly table: string; readonly stage: string; readonly now: Instant },
): Promise<Instant> {
  const [row] = await clickhouse.rows<{ before: string; staged: string }>(
    'import-clock',
    sql`SELECT toString(toUnixTimestamp64Milli((SELECT max(known) FROM source_clock WHERE table = ${table}))) AS before,
      toString(toUnixTimestamp64Milli((SELECT max(ingested_at) FROM ${ident(stage)}
        WHERE ingested_at != ${instantSql(WHEN_WRITTEN)}))) AS staged`,
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
  await clickhouse.insert('import-clock', { table: 'source_clock', columns: ['table', 'known'] }, [
    [table, instantText(known)],
  ]);
  return known;
}
