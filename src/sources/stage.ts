import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { DAY, type Instant } from '../core/helpers/time.js';
import { type SourceTable, storedType, VERSION_COLUMNS } from '../core/lending/sources.js';
import { BatchBytes } from './batch-bytes.js';
import { rowHash } from './row-hash.js';

const PREFIX = 'import_stage_';

/** Names of one import's own tables hold its time, by which leftovers are told from what is at work. */
export const stageName = (now: Instant, importId: string): string => `${PREFIX}${now}_${importId.replaceAll('-', '')}`;

const quote = (name: string): string => `\`${name.replace(/[`\\]/g, '\\$&')}\``;
const quoted = (names: readonly string[]): string => names.map(quote).join(', ');

/** The good rows of one import: sorted as the table is, each with its line and the hash of its content. */
export async function createStage(client: ClickHouseClient, name: string, table: SourceTable): Promise<void> {
  const key = quoted(table.key);
  await client.command({
    query: `CREATE TABLE \`${name}\` (
      ${table.columns.map((column) => `\`${column.name}\` ${storedType(column)}`).join(', ')},
      ingested_at ${VERSION_COLUMNS.ingested_at}, deleted ${VERSION_COLUMNS.deleted}, __line UInt64,
      row_hash ${VERSION_COLUMNS.row_hash} MATERIALIZED ${rowHash(table).render().query}
    ) ENGINE = MergeTree ORDER BY (${key}, ingested_at, __line)`,
  });
}

export const dropTable = async (client: ClickHouseClient, name: string): Promise<void> => {
  await client.command({ query: `DROP TABLE IF EXISTS \`${name}\` SYNC` });
};

/** Drops what imports left behind that were killed. A day is longer than any import takes. */
export async function dropLeftovers(client: ClickHouseClient, now: Instant): Promise<void> {
  const result = await client.query({
    query: 'SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})',
    query_params: { prefix: PREFIX },
    format: 'JSONEachRow',
  });
  for (const { name } of await result.json<{ name: string }>()) {
    if (Number(name.slice(PREFIX.length).split('_')[0]) < now - DAY) await dropTable(client, name);
  }
}

/** Lets other requests and this one's own connections go on: rows that are there already would otherwise be read in one go. */
export const yieldToOthers = (): Promise<void> => setImmediate();

/** One INSERT holds at most this many rows, and about this many bytes. */
const BATCH_ROWS = 50_000;
const BATCH_BYTES = 8 * 2 ** 20;

/** Collects rows and writes them in batches, one on its way while the next fills: so the memory stays bounded. */
export class BatchWriter {
  private readonly statement: string;
  /** Rows as JSON at once: as bytes they take a fraction of the memory. */
  private readonly batch = new BatchBytes(BATCH_BYTES);
  private rows = 0;
  private writing: Promise<void> = Promise.resolve();
  written = 0;

  constructor(
    private readonly client: ClickHouseClient,
    table: string,
    columns: readonly string[],
  ) {
    this.statement = `INSERT INTO ${quote(table)} (${quoted(columns)}) FORMAT JSONCompactEachRow`;
  }

  async add(row: readonly unknown[]): Promise<void> {
    this.batch.addText(`${JSON.stringify(row)}\n`);
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
    this.writing = this.insert(this.batch.take());
    // The failure is thrown where it is awaited; until then it must not count as unhandled.
    this.writing.catch(() => undefined);
  }

  private async insert(body: Buffer): Promise<void> {
    const values = Readable.from([body], { objectMode: false });
    const { stream } = await this.client.exec({ query: this.statement, values });
    for await (const _ of stream) {
      // An INSERT answers nothing; its end is what is waited for.
    }
  }
}
