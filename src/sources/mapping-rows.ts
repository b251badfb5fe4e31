import type { Sql } from '../core/definitions/sql.js';
import { badInput } from '../core/errors.js';
import type { ClickHouse } from '../warehouse/client.js';
import { givesTooMuch, userSqlFailure } from '../warehouse/failures.js';
import { RUN_LIMITS } from '../warehouse/guard/costs.js';
import { decodeText, type FileRecord } from './records.js';

/** Seconds and bytes that a mapping may take. */
const MAX_SECONDS = 600;
const MAX_MEMORY = 2 * 2 ** 30;
/** Most that a mapping may make of its file: for each line, and of a small file. */
const MAX_ROWS = { aLine: 100, least: 1_000_000 };
/** Bytes in the memory of the store: for each character of the file, and of a small file. */
const MAX_BYTES = { aCharacter: 200, least: 64 * 2 ** 20 };

/** The size of a file whose lines are text in the store. */
export interface TextSize {
  readonly lines: number;
  readonly characters: number;
}

/** Keeps the file's order; no column of the file may have its name. */
export const LINE = '__line';

/**
 * The mapping's rows as they come; line 0 holds the names.
 * @throws BAD_USER_INPUT where there are far more than its file has lines
 */
export async function* mappedRows(
  clickhouse: ClickHouse,
  { select, size, signal }: { readonly select: Sql; readonly size: TextSize; readonly signal: AbortSignal },
): AsyncGenerator<FileRecord> {
  const rows = Math.max(MAX_ROWS.least, size.lines * MAX_ROWS.aLine);
  const bytes = clickhouse.bytes('mapping-run', select, 'JSONCompactEachRowWithNames', {
    signal,
    refusalIsAnswer: true,
    settings: {
      max_execution_time: MAX_SECONDS,
      max_memory_usage: String(MAX_MEMORY),
      ...RUN_LIMITS,
      max_result_rows: String(rows),
      max_result_bytes: String(Math.max(MAX_BYTES.least, size.characters * MAX_BYTES.aCharacter)),
      result_overflow_mode: 'throw',
      // Instants arrive with their zone, decimals and long numbers with all their digits.
      date_time_output_format: 'iso',
      output_format_json_quote_64bit_integers: 1,
      output_format_json_quote_decimals: 1,
      output_format_json_quote_denormals: 1,
    },
  });
  let line = 0;
  let rest = '';
  try {
    for await (const text of decodeText(bytes)) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() as string;
      for (const raw of lines) yield { line: line++, values: JSON.parse(raw) as unknown[], raw };
    }
  } catch (cause) {
    if (!givesTooMuch(cause)) throw userSqlFailure(cause, 'the mapping');
    throw badInput(
      `the mapping gives more than ${rows} rows, or ${MAX_BYTES.aCharacter} times the size of its file`,
      `let it give at most ${MAX_ROWS.aLine} rows for a line of the file`,
    );
  }
}
