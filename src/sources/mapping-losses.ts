import { ident, join, raw, sql } from '../core/definitions/sql.js';
import type { ClickHouse } from '../warehouse/client.js';
import { refusalOf } from '../warehouse/failures.js';
import { namesIn } from '../warehouse/guard/calls.js';
import type { Conversion } from '../warehouse/guard/conversions.js';
import { CHECK_LIMITS } from '../warehouse/guard/costs.js';
import { lossOf } from '../warehouse/guard/exact.js';
import { LINE, mappedRows, type TextSize } from './mapping-rows.js';
import type { FileRecord, RecordFile } from './records.js';
import type { Refusal } from './row-parser.js';

export interface LossOptions {
  readonly clickhouse: ClickHouse;
  /** The table with the file's lines as text. */
  readonly stage: string;
  readonly file: RecordFile;
  readonly size: TextSize;
  /** Called for each row of the file that cannot be read. */
  readonly refuse: (record: FileRecord, refusal: Refusal) => Promise<void>;
  /** Ends the statements of the mapping. */
  readonly signal: AbortSignal;
}

/**
 * Refuses the lines of a file with a value that a conversion of the mapping would change, and takes them out of the stage. It sees conversions of
 * the file's own columns; any other fails the mapping when it meets such a value.
 */
export async function refuseLosses(options: LossOptions, conversions: readonly Conversion[]): Promise<void> {
  const { clickhouse, stage, file, size, refuse, signal } = options;
  const seen = await conversionsOfColumns(options, conversions);
  if (seen.length === 0) return;
  const losses = join(seen.map((each) => raw(lossOf(each))));
  const lossy = sql`has([${losses}], 1)`;
  const select = sql`SELECT ${ident(LINE)}, indexOf([${losses}], 1) - 1, ${join(file.header.map(ident))} FROM ${ident(stage)}
      WHERE ${lossy} ORDER BY ${ident(LINE)}`;
  let refused = 0;
  for await (const { line, values: row } of mappedRows(clickhouse, { select, size, signal })) {
    if (line === 0) continue;
    const [at, index, ...values] = row;
    const { value, reason } = seen[Number(index)] as Conversion;
    const columns = file.header.filter((name) => namesIn(value).has(name));
    await refuse({ line: Number(at), values, raw: null }, { column: columns.join(', ') || null, reason });
    refused++;
  }
  if (refused === 0) return;
  // Taken out of the table: a filter would be merged with the mapping's own, which fails on these lines where it comes first.
  await clickhouse.run('mapping-refuse', sql`ALTER TABLE ${ident(stage)} DELETE WHERE ${lossy}`, {
    settings: { mutations_sync: '1' },
    signal,
  });
}

/** The conversions, each once, of expressions over the columns of the file. */
async function conversionsOfColumns(
  { clickhouse, stage, signal }: LossOptions,
  conversions: readonly Conversion[],
): Promise<Conversion[]> {
  const seen: Conversion[] = [];
  for (const conversion of new Map(conversions.map((each) => [lossOf(each), each])).values()) {
    const select = sql`DESCRIBE TABLE view(SELECT ${raw(lossOf(conversion))} FROM ${ident(stage)})`;
    const known = clickhouse
      .rows('mapping-describe', select, { settings: CHECK_LIMITS, refusalIsAnswer: true, signal })
      .then(
        () => true,
        (cause: unknown) => {
          if (refusalOf(cause) === null) throw cause;
          return false;
        },
      );
    if (await known) seen.push(conversion);
  }
  return seen;
}
