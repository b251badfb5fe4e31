import { RiskgraphError } from '../core/errors.js';
import { ident, join, param, raw, type Sql, sql } from '../core/sql.js';
import { clickhouseType } from '../core/types.js';
import { type ContentSum, contentSum } from './content-hash.js';
import { columnsDdl, type Slice, type Working } from './training-join.js';
import { emptyPart, partsDdl } from './training-steps.js';

/** What a bucket's slices may take in the hash of their join. */
const BYTES_A_BUCKET = 300_000_000;
const BYTES_A_ROW = 40;
const BYTES_A_COLUMN = 10;

/** A part of the spine's rows, in their order. */
export interface Bucket {
  readonly part: number;
  /** Of its rows, in no order: `(SELECT rid, t, …)` with the columns of the spine and of every slice before. */
  readonly rows: Sql;
  /** True for the rows of the bucket, said of `rid`. */
  readonly within: Sql;
}

/**
 * Columns that are computed from a bucket's joined rows before they are put in their place, such as on-demand features. `fill` writes a row for
 * each of the bucket's into the slice's table, as part `bucket.part`, which is empty then.
 */
export interface ComputedSlice {
  readonly slice: Slice;
  fill(bucket: Bucket): Promise<void>;
}

export interface Gathering {
  readonly slices: readonly Slice[];
  readonly computed?: ComputedSlice | undefined;
  /** The output's values in the gathered rows: what the content hash is of. */
  readonly values: readonly Sql[];
}

/** All rows with all columns: `part`, `rid`, `t`, the spine's columns and those of the slices. */
export interface Gathered {
  readonly table: string;
  readonly sums: readonly ContentSum[];
}

/** The rows [from, to) of the spine with their slices. One row out for each row in: a slice cannot give a row twice. */
function joinedRows({ spine }: Working, slices: readonly Slice[], within: Sql): Sql {
  const names = [...spine.columns.map(({ column }) => sql`s.${ident(column)} AS ${ident(column)}`)];
  const joins = slices.map(({ table, columns }, index) => {
    const alias = raw(`g${index}`);
    names.push(...columns.map(({ name }) => sql`${alias}.${ident(name)} AS ${ident(name)}`));
    const own = join([raw('rid'), ...columns.map(({ name }) => ident(name))]);
    return sql`ANY INNER JOIN (SELECT ${own} FROM ${ident(table)} WHERE ${within}) AS ${alias} ON s.rid = ${alias}.rid`;
  });
  return sql`(SELECT ${join([raw('s.rid AS rid, s.t AS t'), ...names])} FROM (SELECT * FROM ${ident(spine.table)} WHERE ${within}) AS s ${join(joins, ' ')})`;
}

/** By what the slices take on disk before they are packed: a list or a text may be a thousand times a number. */
async function rowsABucket(
  { store, spine, steps }: Working,
  slices: readonly Slice[],
  columns: number,
): Promise<number> {
  const [found] = await store.rows<{ bytes: string }>(
    'training-set-bytes',
    sql`SELECT toString(sum(data_uncompressed_bytes)) AS bytes FROM system.parts
      WHERE active AND database = currentDatabase() AND table IN ${param(
        'Array(String)',
        slices.map(({ table }) => table),
      )}`,
    steps.options,
  );
  const measured = (1.2 * Number(found?.bytes ?? 0)) / spine.rows;
  return Math.max(1, Math.floor(BYTES_A_BUCKET / (BYTES_A_ROW + Math.max(BYTES_A_COLUMN * columns, measured))));
}

/** Brings the slices together, bucket by bucket of consecutive rows, each a step. */
export async function gatherRows(
  working: Working,
  { slices, computed, values }: Gathering,
  onProgress: (fraction: number) => Promise<void>,
): Promise<Gathered> {
  const { store, steps, spine } = working;
  const all = computed ? [...slices, computed.slice] : slices;
  const columns = [
    { name: 't', type: 'Int64' },
    ...spine.columns.map(({ column, type }) => ({ name: column, type: clickhouseType(type) })),
    ...all.flatMap((slice) => slice.columns),
  ];
  const table = steps.table('rows');
  await store.run('training-set-create', partsDdl(table, columnsDdl(columns)));
  const settings = { ...steps.options.settings, join_algorithm: 'hash' as const };
  if (computed) {
    await store.run('training-set-create', partsDdl(computed.slice.table, columnsDdl(computed.slice.columns)));
  }

  const { rows } = await steps.once('buckets', {
    work: async () => ({ rows: working.rowsAStep ?? (await rowsABucket(working, slices, columns.length)) }),
  });
  const buckets = Math.ceil(spine.rows / rows);
  const names = join(['rid', ...columns.map(({ name }) => name)].map(ident));
  const sums: ContentSum[] = [];
  for (let part = 0; part < buckets; part++) {
    const [from, to] = [part * rows, Math.min((part + 1) * rows, spine.rows)];
    const within = sql`rid >= ${from} AND rid < ${to}`;
    const sum = await steps.once(`rows:${part}`, {
      undo: async () => {
        await emptyPart(store, table, part, steps.options);
        if (computed) await emptyPart(store, computed.slice.table, part, steps.options);
      },
      work: async (): Promise<ContentSum & { readonly [name: string]: unknown }> => {
        await computed?.fill({ part, rows: joinedRows(working, slices, within), within });
        await store.run(
          'training-set-rows',
          sql`INSERT INTO ${ident(table)} (part, ${names}) SELECT ${raw(String(part))}, ${names} FROM ${joinedRows(working, all, within)}`,
          { ...steps.options, settings },
        );
        const found = await contentSum(store, {
          from: sql`(SELECT * FROM ${ident(table)} WHERE part = ${part})`,
          values,
          options: steps.options,
        });
        refuseLoss(found.rows, to - from, part);
        return { ...found };
      },
    });
    sums.push(sum);
    await onProgress((part + 1) / buckets);
  }
  return { table, sums };
}

/** Rule 5 is looked at where it could break: a slice that lacks a row would leave it out. */
function refuseLoss(found: number, expected: number, part: number): void {
  if (found === expected) return;
  throw new RiskgraphError({
    code: 'INTERNAL',
    message: `bucket ${part} of the training set holds ${found} of its ${expected} rows`,
    hint: 'create the set again; the log says what else happened to its tables',
  });
}
