/** The rows that a run of a view would give some keys. Nothing is written. */
import type { View } from '../../core/definitions/definitions.js';
import { ident, join, param, raw, sql } from '../../core/definitions/sql.js';
import { badInput, RiskgraphError } from '../../core/errors.js';
import type { EntityKey, PreviewRequest, ViewRow } from '../../core/ports/offline.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import { decodeRows } from '../../warehouse/row-binary.js';
import { computedColumns } from './compute.js';
import { explained, type Parts } from './source-keys.js';
import { rowDecoder } from './stage-read.js';
import { keyColumns } from './tables.js';
import { viewQuery } from './view-sql.js';

/** Seconds after which the server stops a preview: it reads all that a run reads. */
const PREVIEW_SECONDS = 60;
const BATCH = 1_000;

const identity = (key: EntityKey): string => JSON.stringify(key);

/** See OfflineReader.previewRows. */
export async function previewRows(
  { store, calendar, signal }: Parts,
  view: View,
  { asOf, knowledge, keys }: PreviewRequest,
): Promise<readonly (ViewRow | null)[]> {
  const { tombstone, features } = computedColumns(view);
  const names = view.entity.joinKeys;
  const wanted = names.map(
    (_, index) =>
      sql`${param(
        'Array(String)',
        keys.map((key) => key[index]),
      )}`,
  );
  const parts = names.map((_, index) => sql`tupleElement(k, ${raw(String(index + 1))})`);
  const own = names.map((name) => sql`toString(q.${ident(name)})`);
  const select = sql`
    SELECT ${join(keyColumns(view).map((key) => sql`assumeNotNull(CAST(q.${key}, 'Nullable(String)'))`))},
      toUInt8(${tombstone} AS _gone), ${join(features)}
    FROM (${viewQuery(view, { asOf, knowledge }, calendar)}) AS q
    WHERE (${join(own)}) IN (SELECT ${join(parts)} FROM (SELECT arrayJoin(arrayZip(${join(wanted)})) AS k))`;
  const decode = rowDecoder(view, () => ({ eventTime: asOf, availableAt: knowledge, sequence: 0 }));
  const settings = { ...BOUNDED, max_execution_time: PREVIEW_SECONDS };
  const rowOf = new Map<string, ViewRow>();
  try {
    const bytes = store.bytes('view-preview', select, 'RowBinary', { settings, signal, refusalIsAnswer: true });
    for await (const rows of decodeRows(bytes, decode, BATCH))
      for (const row of rows) rowOf.set(identity(row.key), row);
  } catch (error) {
    const cause = explained(view, asOf, error);
    if (cause === error || !(cause instanceof RiskgraphError)) throw error;
    // The author of a draft is the caller.
    throw badInput(
      cause.message,
      `correct ${view.file}: give the join keys and every feature by name, in their declared types`,
    );
  }
  return keys.map((key) => rowOf.get(identity(key)) ?? null);
}
