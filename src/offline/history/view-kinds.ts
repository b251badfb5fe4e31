/** The size and a sample of a run, for each stored kind of view, before it runs. The other questions of a kind are in core/compute/view-kinds.ts. */
import { scoreOf, scoreValues } from '../../core/compute/score-view.js';
import { inputViews } from '../../core/compute/view-kinds.js';
import type { StoredKind, ViewOfKind } from '../../core/definitions/definitions.js';
import { join, sql } from '../../core/definitions/sql.js';
import type { OfflineReader, StagedRow } from '../../core/ports/offline.js';
import { sampleQuery } from './holdings.js';
import { type Asked, countQuery, hasTable, type Parts } from './run-size.js';
import { keyColumns, tableNames, viewTables } from './tables.js';

type SampleLimits = Parameters<OfflineReader['sampleRun']>[2];

type AskedOf<K extends StoredKind> = Asked & { readonly view: ViewOfKind<K> };

interface StoredKindRecord<K extends StoredKind> {
  /** Estimates the number of rows that a run would compute. */
  estimateRows(parts: Parts, asked: AskedOf<K>): Promise<number>;
  /** Samples rows of a run, in size like all of them. */
  sampleRows(parts: Parts, asked: AskedOf<K>, limits: SampleLimits): Promise<readonly StagedRow[]>;
}

/** A probability of bad in the middle of most books: scores do not differ in size. */
const TYPICAL_PROBABILITY = 0.05;

const query: StoredKindRecord<'query'> = {
  estimateRows: countQuery,
  sampleRows: sampleQuery,
};

const scores: StoredKindRecord<'scores'> = {
  /** A row a key of its inputs: about as many as the largest of them has. */
  async estimateRows(parts, asked) {
    let rows = 0;
    for (const view of inputViews(asked.view)) rows = Math.max(rows, await keysOrRows(parts, { ...asked, view }));
    return rows;
  },
  /** Rows of the usual form, for keys of an input. */
  async sampleRows(parts, asked, limits) {
    const { model } = asked.view.origin;
    const [input] = model.features;
    if (!input) return [];
    // As the scheduled run of the input reads, whose delay may be longer.
    const knowledge = asked.asOf + input.view.delayMs;
    const rows = await sampleRun(parts, { ...asked, view: input.view, knowledge }, limits);
    const values = scoreValues(scoreOf(model, TYPICAL_PROBABILITY));
    return rows.map(({ key }) => ({ key, tombstone: false, values }));
  },
};

const STORED_KINDS: { readonly [K in StoredKind]: StoredKindRecord<K> } = { query, scores };

const kindOf = <K extends StoredKind>({ origin }: { readonly origin: { readonly kind: K } }): StoredKindRecord<K> =>
  STORED_KINDS[origin.kind];

/** See OfflineReader.estimateRows. */
export const estimateRows = async (parts: Parts, asked: Asked): Promise<{ readonly rows: number }> => ({
  rows: await kindOf(asked.view).estimateRows(parts, asked),
});

/** See OfflineReader.sampleRun. */
export const sampleRun = (parts: Parts, asked: Asked, limits: SampleLimits): Promise<readonly StagedRow[]> =>
  kindOf(asked.view).sampleRows(parts, asked, limits);

/** The keys that a view has, or those that it would have. */
async function keysOrRows(parts: Parts, asked: Asked): Promise<number> {
  const { view, knowledge } = asked;
  if (await hasTable(parts.store, tableNames(view).state)) {
    const [answer] = await parts.store.rows<{ keys: string }>(
      'estimate-keys',
      sql`SELECT uniq(${join(keyColumns(view))}) AS keys FROM ${viewTables(view).state} WHERE _eff <= ${knowledge}`,
    );
    if (Number(answer?.keys ?? 0) > 0) return Number(answer?.keys);
  }
  return (await estimateRows(parts, asked)).rows;
}
