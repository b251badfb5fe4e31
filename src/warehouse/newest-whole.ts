import { ident, sql } from '../core/definitions/sql.js';
import { newestSequence } from '../core/lending/import-sequence.js';
import type { SourceTable } from '../core/lending/sources.js';
import type { ClickHouse } from './client.js';

/**
 * Sequence, decimal, of the newest import of a table whose rows are all there. One that is under way has some of them; the others come under the same
 * sequence. Where nothing was imported by the API, all rows count as whole.
 */
export async function newestWhole(
  store: ClickHouse,
  table: Pick<SourceTable, 'name' | 'derivationRuns'>,
): Promise<string> {
  const [answer] = await store.rows<{ whole: string; begun: string }>(
    'newest-import',
    sql`SELECT toString(${newestSequence(table)}) AS whole,
      (SELECT count() FROM source_turns WHERE table = ${table.name}) AS begun`,
  );
  if (answer && (answer.whole !== '0' || Number(answer.begun) > 0)) return answer.whole;
  const [stored] = await store.rows<{ newest: string }>(
    'newest-import',
    sql`SELECT toString(max(seq)) AS newest FROM ${ident(table.name)}`,
  );
  return stored?.newest ?? '0';
}
