import type { Sql } from '../core/definitions/sql.js';
import type { ClickHouse } from '../warehouse/client.js';
import { userSqlFailure } from '../warehouse/failures.js';
import { RUN_LIMITS } from '../warehouse/guard/costs.js';
import { decodeText, type FileRecord } from './records.js';

/** Seconds and bytes that a mapping may take. */
const MAX_SECONDS = 600;
const MAX_MEMORY = 2 * 2 ** 30;
/** Keeps the file's order; no column of the file may have its name. */
export const LINE = '__line';

/** The mapping's rows as they come; line 0 holds the names. */
export async function* mappedRows(
  clickhouse: ClickHouse,
  select: Sql,
  signal: AbortSignal,
): AsyncGenerator<FileRecord> {
  const bytes = clickhouse.bytes('mapping-run', select, 'JSONCompactEachRowWithNames', {
    signal,
    refusalIsAnswer: true,
    settings: {
      max_execution_time: MAX_SECONDS,
      max_memory_usage: String(MAX_MEMORY),
      ...RUN_LIMITS,
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
    throw userSqlFailure(cause, 'the mapping');
  }
}
