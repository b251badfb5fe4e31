import { ident, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { DayNumber } from '../../core/helpers/local-days.js';
import type { Instant } from '../../core/helpers/time.js';
import { rowHash } from '../../core/lending/row-hash.js';
import type { SourceTable } from '../../core/lending/sources.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { checkFence, type Fence, withinFence } from '../../warehouse/fence.js';
import { type DayContent, RowBuffer, rowColumns, rowStructure } from './content.js';

/** One INSERT: large enough for few parts, small against the memory of both sides. */
const BATCH_BYTES = 16 * 2 ** 20;

/** Collects derived loan-days and writes them in batches, one on its way while the next fills. */
export class SnapshotWriter {
  private readonly statement: Sql;
  private readonly buffer = new RowBuffer(BATCH_BYTES);
  private writing: Promise<void> = Promise.resolve();
  rows = 0;
  /** Number of written rows that replace an earlier version. */
  changed = 0;

  constructor(
    private readonly clickhouse: ClickHouse,
    { table: { columns: all, ...rest }, seq }: { readonly table: SourceTable; readonly seq: bigint },
    private readonly fence: Fence,
  ) {
    // What a release adds to the table is no part of a derived row until its content is.
    const table = { ...rest, columns: all.filter(({ added }) => !added) };
    const columns = rowColumns(table);
    this.statement = sql`INSERT INTO ${ident(table.name)} (${columns}, derived, seq, row_hash)
      SELECT ${columns}, 1, ${param('UInt64', String(seq))}, ${rowHash(table)}
      FROM input(${raw(`'${rowStructure(table).replaceAll("'", "\\'")}'`)}) WHERE ${withinFence(fence)} FORMAT RowBinary`;
  }

  /** Adds a row. A returned promise means that the batch is full: await it before adding more. */
  add(
    loanId: string,
    day: DayNumber,
    {
      at,
      content,
      restates,
    }: { readonly at: Instant; readonly content: DayContent | null; readonly restates: boolean },
  ): Promise<void> | undefined {
    this.buffer.add(loanId, day, at, content);
    this.rows++;
    if (restates) this.changed++;
    return this.buffer.full ? this.send() : undefined;
  }

  /** Waits until all that was added is readable. STORE_UNAVAILABLE where another writes to the table by now. */
  async flush(): Promise<void> {
    if (this.buffer.length > 0) await this.send();
    await this.writing;
    await checkFence(this.clickhouse, this.fence);
  }

  private async send(): Promise<void> {
    // The buffer that is taken next is that of the batch before.
    await this.writing;
    this.writing = this.clickhouse.insertBytes('snapshots-write', this.statement, this.buffer.take());
    // The failure is thrown where it is awaited; until then it must not count as unhandled.
    this.writing.catch(() => undefined);
  }
}
