import { repeat } from '../core/async.js';
import { ident, join, raw, type Sql, sql } from '../core/definitions/sql.js';
import { type Instant, MINUTE } from '../core/helpers/time.js';
import { rowHash } from '../core/lending/row-hash.js';
import { columnsDdl } from '../core/lending/source-ddl.js';
import { type SourceTable, VERSION_COLUMNS } from '../core/lending/sources.js';
import { BatchBytes } from '../warehouse/batch-bytes.js';
import type { ClickHouse } from '../warehouse/client.js';

const PREFIX = 'import_stage_';

/** The name of an import's own tables. */
export const stageName = (now: Instant, importId: string): string => `${PREFIX}${now}_${importId.replaceAll('-', '')}`;

/** Of the tables of an import. Releases up to 0.1.0 give them no comment. */
export const AT_WORK: Sql = sql`COMMENT 'at work'`;

const idents = (names: readonly string[]): Sql => join(names.map(ident));

/** Creates the table for the good rows of one import: sorted as the source table, each row with its line and content hash. */
export function createStage(clickhouse: ClickHouse, name: string, table: SourceTable): Promise<void> {
  return clickhouse.run(
    'import-stage',
    sql`CREATE TABLE ${ident(name)} (
      ${columnsDdl(table)},
      ingested_at ${raw(VERSION_COLUMNS.ingested_at)}, deleted ${raw(VERSION_COLUMNS.deleted)}, __line UInt64,
      row_hash ${raw(VERSION_COLUMNS.row_hash)} MATERIALIZED ${rowHash(table)}
    ) ENGINE = MergeTree ORDER BY (${idents(table.key)}, ingested_at, __line) ${AT_WORK}`,
  );
}

export const dropTable = (clickhouse: ClickHouse, name: string): Promise<void> =>
  clickhouse.run('import-drop', sql`DROP TABLE IF EXISTS ${ident(name)} SYNC`);

/** Marks the tables of an import as in use, by the store's clock. The mark is another each time: the same would change nothing. */
export async function touchStages(clickhouse: ClickHouse, stage: string, minutes: number): Promise<void> {
  for (const { name } of await stagesOf(clickhouse, sql`startsWith(name, ${stage})`))
    await clickhouse.run(
      'import-touch',
      sql`ALTER TABLE ${ident(name)} MODIFY COMMENT ${raw(`'at work for ${minutes} minutes'`)}`,
    );
}

/** Keeps the tables of an import marked until it is stopped. */
export function keepStages(clickhouse: ClickHouse, stage: string, onError: (error: unknown) => void) {
  let minutes = 0;
  return repeat(() => touchStages(clickhouse, stage, ++minutes), { everyMs: MINUTE, onError });
}

/** True for a table that no work marks any more. Work that an earlier release runs beside this one never did, and takes less than a day. */
export const leftBehind: Sql = sql`metadata_modification_time < now() - if(comment = '', INTERVAL 1 DAY, INTERVAL 10 MINUTE)`;

/** Drops what killed imports left. */
export async function dropLeftovers(clickhouse: ClickHouse): Promise<void> {
  const left = sql`startsWith(name, ${PREFIX}) AND ${leftBehind}`;
  for (const { name } of await stagesOf(clickhouse, left)) await dropTable(clickhouse, name);
}

const stagesOf = (clickhouse: ClickHouse, condition: Sql): Promise<readonly { name: string }[]> =>
  clickhouse.rows(
    'import-stages',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND ${condition}`,
  );

/** One INSERT holds at most this many rows, and about this many bytes. */
const BATCH_ROWS = 50_000;
const BATCH_BYTES = 8 * 2 ** 20;

export interface BatchTarget {
  /** Label of the INSERTs: see ClickHouse. */
  readonly label: string;
  readonly table: string;
  readonly columns: readonly string[];
}

/** Collects rows and writes them in batches, one on its way while the next fills: so the memory stays bounded. */
export class BatchWriter {
  private readonly statement: Sql;
  private readonly label: string;
  /** Rows as JSON at once: as bytes they take a fraction of the memory. */
  private readonly batch = new BatchBytes(BATCH_BYTES);
  private rows = 0;
  private writing: Promise<void> = Promise.resolve();
  written = 0;
  /** Of all rows that were added, as JSON. */
  characters = 0;

  constructor(
    private readonly clickhouse: ClickHouse,
    { label, table, columns }: BatchTarget,
  ) {
    this.label = label;
    this.statement = sql`INSERT INTO ${ident(table)} (${idents(columns)}) FORMAT JSONCompactEachRow`;
  }

  async add(row: readonly unknown[]): Promise<void> {
    const text = `${JSON.stringify(row)}\n`;
    this.characters += text.length;
    this.batch.addText(text);
    this.rows++;
    if (this.rows >= BATCH_ROWS || this.batch.full) await this.send();
  }

  async end(): Promise<void> {
    if (this.rows > 0) await this.send();
    await this.writing;
  }

  private async send(): Promise<void> {
    // The buffer that is taken next is that of the batch before.
    await this.writing;
    this.written += this.rows;
    this.rows = 0;
    this.writing = this.clickhouse.insertBytes(this.label, this.statement, this.batch.take());
    // The failure is thrown where it is awaited; until then it must not count as unhandled.
    this.writing.catch(() => undefined);
  }
}
