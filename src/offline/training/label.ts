import { ident, join, raw, sql } from '../../core/definitions/sql.js';
import { keyEdges, rangesBetween } from '../../warehouse/key-ranges.js';
import { columnsDdl, FIRST_KEY, type Slice, spineByKeys, type Working } from './join.js';
import {
  LABEL_COLUMNS,
  LABEL_STATES,
  type LabelCounts,
  type LabelPlan,
  labelJoin,
  refuseEarlyWindows,
} from './labels.js';
import { inParts, partsDdl } from './tables.js';

/** Labels and rows of the spine that one join takes in: a label is narrow. */
const ROWS_A_JOIN = 2_000_000;

/** Gives the spine's rows their label, range of keys by range of keys, each a step; counts what became of them. */
export async function joinLabel(
  working: Working,
  label: LabelPlan,
  onProgress: (fraction: number) => Promise<void>,
): Promise<{ readonly slice: Slice; readonly counts: LabelCounts }> {
  const { store, checkpoints, asOf, rowsAStep } = working;
  const from = await spineByKeys(working, [label.key]);
  const { table: labels } = await checkpoints.once('labels', async () => {
    const table = checkpoints.fresh.table('labels');
    await store.run(
      'training-set-create',
      sql`CREATE TABLE ${ident(table)} (${LABEL_COLUMNS}) ENGINE = MergeTree ORDER BY entity_id`,
    );
    await store.run('training-set-labels', sql`INSERT INTO ${ident(table)} ${label.rows}`, checkpoints.options);
    return { table };
  });
  await refuseEarlyWindows(store, label, { table: ident(labels), spine: ident(from), options: checkpoints.options });

  const columns = [{ name: 'label', type: 'Nullable(Float64)' }];
  const { edges, table } = await checkpoints.once('ranges:label', async () => {
    const all = sql`(SELECT ${FIRST_KEY} AS k FROM ${ident(from)} UNION ALL SELECT entity_id AS k FROM ${ident(labels)})`;
    const cut = { table: all, key: raw('k'), rows: rowsAStep ?? ROWS_A_JOIN };
    const edges = await keyEdges(store, cut, checkpoints.options);
    const table = checkpoints.fresh.table('labelled');
    await store.run(
      'training-set-create',
      partsDdl(table, columnsDdl([...columns, { name: 'state', type: 'LowCardinality(String)' }])),
    );
    return { edges, table };
  });
  const parts: number[] = [];
  const ranges = rangesBetween(edges);
  for (const [index, range] of ranges.entries()) {
    const joined = labelJoin({
      table: ident(labels),
      spine: sql`(SELECT rid, t, k0 FROM ${ident(from)} WHERE ${range(FIRST_KEY)})`,
      asOf,
      definition: label.definition,
      range,
    });
    const { part } = await checkpoints.once(`label:${index}`, async () => {
      const part = checkpoints.fresh.part();
      await store.run(
        'training-set-label',
        sql`INSERT INTO ${ident(table)} (${join(['part', 'rid', 'label', 'state'].map(ident))}) SELECT ${raw(String(part))}, rid, label, state FROM (${joined})`,
        { ...checkpoints.options, settings: { ...checkpoints.options.settings, join_algorithm: 'hash' } },
      );
      return { part };
    });
    parts.push(part);
    await onProgress((index + 1) / ranges.length);
  }
  const found = await store.rows<{ state: string; rows: string }>(
    'training-set-label-states',
    sql`SELECT state, count() AS rows FROM ${ident(table)} WHERE ${inParts({ parts })} GROUP BY state`,
    checkpoints.options,
  );
  const rows = new Map(found.map((one) => [one.state, Number(one.rows)] as const));
  const counts = Object.fromEntries(LABEL_STATES.map((state) => [state, rows.get(state) ?? 0])) as LabelCounts;
  return { slice: { table, parts, columns }, counts };
}
