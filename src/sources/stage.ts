import type { ClickHouseClient } from '@clickhouse/client';
import { type SourceTable, storedType, VERSION_COLUMNS } from '../core/sources.js';
import { DAY, type Instant } from '../core/time.js';
import type { StoredRow } from './row-parser.js';

const PREFIX = 'import_stage_';

/** Names of one import's own tables hold its time, by which leftovers are told from what is at work. */
export const stageName = (now: Instant, importId: string): string => `${PREFIX}${now}_${importId.replaceAll('-', '')}`;

const quote = (name: string): string => `\`${name.replace(/[`\\]/g, '\\$&')}\``;
const quoted = (names: readonly string[]): string => names.map(quote).join(', ');

/** The good rows of one import: sorted as the table is, each with its line and the hash of its content. */
export async function createStage(client: ClickHouseClient, name: string, table: SourceTable): Promise<void> {
  const all = quoted(table.columns.map((column) => column.name));
  const key = quoted(table.key);
  await client.command({
    query: `CREATE TABLE \`${name}\` (
      ${table.columns.map((column) => `\`${column.name}\` ${storedType(column)}`).join(', ')},
      ingested_at ${VERSION_COLUMNS.ingested_at}, deleted ${VERSION_COLUMNS.deleted}, __line UInt64,
      row_hash ${VERSION_COLUMNS.row_hash} MATERIALIZED reinterpretAsUInt128(if(deleted = 1, sipHash128(tuple(${key}, 1)), sipHash128(tuple(${all}))))
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

/** One INSERT holds at most this many rows, and about this many characters of the file. */
const BATCH_ROWS = 20_000;
const BATCH_CHARACTERS = 8 * 2 ** 20;

/** Collects rows and writes them in batches, one on its way while the next fills: so the memory stays bounded. */
export class BatchWriter {
  private rows: (readonly unknown[])[] = [];
  private characters = 0;
  private writing: Promise<unknown> = Promise.resolve();
  written = 0;

  constructor(
    private readonly client: ClickHouseClient,
    private readonly table: string,
    private readonly columns: readonly string[],
  ) {}

  /** @param size of the row in the file, in characters */
  async add(row: readonly unknown[] | StoredRow, size: number): Promise<void> {
    this.rows.push(row);
    this.characters += size;
    if (this.rows.length >= BATCH_ROWS || this.characters >= BATCH_CHARACTERS) await this.send();
  }

  async end(): Promise<void> {
    if (this.rows.length > 0) await this.send();
    await this.writing;
  }

  private async send(): Promise<void> {
    await this.writing;
    const values = this.rows;
    this.written += values.length;
    this.rows = [];
    this.characters = 0;
    this.writing = this.client.insert({
      table: this.table,
      columns: this.columns.map(quote) as [string, ...string[]],
      values,
      format: 'JSONCompactEachRow',
    });
    // The failure is thrown where it is awaited; until then it must not count as unhandled.
    this.writing.catch(() => undefined);
  }
}
