import { instantText, param, sql } from '../core/definitions/sql.js';
import type { Instant } from '../core/helpers/time.js';
import type { RejectedRow } from '../core/ports/sources.js';
import type { ClickHouse } from '../warehouse/client.js';
import { type FileRecord, MAX_RAW } from './records.js';
import type { Refusal } from './row-parser.js';
import { BatchWriter } from './stage.js';

/** The number of rejected rows that a reply names. */
const NAMED_IN_REPLY = 20;

const COLUMNS = ['table', 'at', 'import_id', 'line', 'column', 'reason', 'raw'];

/** Rows of one import that are kept where no other number is given. */
const KEPT_ROWS = 10_000;

/** Keeps the first rows of one import that were refused, and the very first for the reply; the rest is counted. */
export class Quarantine {
  private readonly writer: BatchWriter;
  readonly first: RejectedRow[] = [];
  rejected = 0;

  constructor(
    clickhouse: ClickHouse,
    private readonly of: {
      readonly table: string;
      readonly importId: string;
      readonly now: Instant;
      /** Rows that are kept. */
      readonly most?: number | undefined;
    },
  ) {
    this.writer = new BatchWriter(clickhouse, {
      label: 'quarantine-write',
      table: 'source_quarantine',
      columns: COLUMNS,
    });
  }

  async add(record: FileRecord, header: readonly string[], { column, reason }: Refusal): Promise<void> {
    this.rejected++;
    const { line } = record;
    if (this.first.length < NAMED_IN_REPLY) this.first.push({ line, column, reason });
    const { table, importId, now } = this.of;
    if (this.rejected > this.most) return;
    const raw = wellFormed((record.raw ?? asJson(header, record.values)).slice(0, MAX_RAW));
    await this.writer.add([table, instantText(now), importId, line, column, reason, raw]);
  }

  /** Rows that were counted and are not kept. */
  get notKept(): number {
    return Math.max(0, this.rejected - this.most);
  }

  private get most(): number {
    return this.of.most ?? KEPT_ROWS;
  }

  end(): Promise<void> {
    return this.writer.end();
  }
}

const asJson = (header: readonly string[], values: readonly unknown[]): string =>
  jsonText(Object.fromEntries(header.map((name, index) => [name, values[index]])));

/** JSON of what Parquet brings: long integers as text. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each));

/** ClickHouse refuses JSON with half a surrogate pair, and cutting a text may leave one. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\uFFFD');

/** Newest import first, and within it the lines in their order. */
export const readQuarantine = (clickhouse: ClickHouse, table: string, limit: number): Promise<RejectedRow[]> =>
  clickhouse.rows<RejectedRow>(
    'quarantine-read',
    sql`SELECT toUInt32(line) AS line, column, reason FROM source_quarantine WHERE table = ${table}
      ORDER BY at DESC, import_id, line LIMIT ${param('UInt32', limit)}`,
  );
