import { ident, join, raw, sql } from '../core/sql.js';
import { keyEdges, rangesBetween } from './key-ranges.js';
import { LABEL_COLUMNS, type LabelPlan, labelJoin, refuseEarlyWindows } from './labels.js';
import { columnsDdl, FIRST_KEY, type Slice, spineByKeys, type Working } from './training-join.js';
import { emptyPart, partsDdl } from './training-steps.js';

/** Labels and rows of the spine that one join takes in: a label is narrow. */
const ROWS_A_JOIN = 2_000_000;

/** Gives the spine's rows their label, range of keys by range of keys, each a step. */
export async function joinLabel(
  working: Working,
  label: LabelPlan,
  onProgress: (fraction: number) => Promise<void>,
): Promise<Slice> {
  const { store, steps, asOf, rowsAStep } = working;
  const from = await spineByKeys(working, [label.key]);
  const labels = steps.table('labels');
  await steps.once('labels', {
    undo: () => store.run('training-set-drop', sql`DROP TABLE IF EXISTS ${ident(labels)} SYNC`),
    work: async () => {
      await store.run(
        'training-set-create',
        sql`CREATE TABLE ${ident(labels)} (${LABEL_COLUMNS}) ENGINE = MergeTree ORDER BY entity_id`,
      );
      await store.run('training-set-labels', sql`INSERT INTO ${ident(labels)} ${label.rows}`, steps.options);
      return {};
    },
  });
  await refuseEarlyWindows(store, label, { table: ident(labels), spine: ident(from), options: steps.options });

  const { edges } = await steps.once('ranges:label', {
    work: async () => {
      const all = sql`(SELECT ${FIRST_KEY} AS k FROM ${ident(from)} UNION ALL SELECT entity_id AS k FROM ${ident(labels)})`;
      const cut = { table: all, key: raw('k'), rows: rowsAStep ?? ROWS_A_JOIN };
      return { edges: await keyEdges(store, cut, steps.options) };
    },
  });
  const slice: Slice = { table: steps.table('labelled'), columns: [{ name: 'label', type: 'Nullable(Float64)' }] };
  await store.run('training-set-create', partsDdl(slice.table, columnsDdl(slice.columns)));
  const ranges = rangesBetween(edges);
  for (const [part, range] of ranges.entries()) {
    const joined = labelJoin({
      table: ident(labels),
      spine: sql`(SELECT rid, t, k0 FROM ${ident(from)} WHERE ${range(FIRST_KEY)})`,
      asOf,
      range,
    });
    await steps.once(`label:${part}`, {
      undo: () => emptyPart(store, slice.table, part, steps.options),
      work: async () => {
        await store.run(
          'training-set-label',
          sql`INSERT INTO ${ident(slice.table)} (${join(['part', 'rid', 'label'].map(ident))}) SELECT ${raw(String(part))}, rid, label FROM (${joined})`,
          { ...steps.options, settings: { ...steps.options.settings, join_algorithm: 'hash' } },
        );
        return {};
      },
    });
    await onProgress((part + 1) / ranges.length);
  }
  return slice;
}
