import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { clickhouseType } from '../../core/definitions/types.js';
import { RiskgraphError } from '../../core/errors.js';
import { type ContentSum, contentSum } from './content-hash.js';
import { type Column, columnsDdl, type Slice, type Working } from './join.js';
import { inParts, type Parts, partsDdl } from './tables.js';
import { joinSettings, rowBytes } from './weights.js';

/** Bytes that a bucket's slices may take in the hash of their join. */
const BYTES_A_BUCKET = 300_000_000;
const BYTES_A_ROW = 40;
const BYTES_A_COLUMN = 10;

/** A part of the spine's rows, in their order. */
export interface Bucket {
  /** The table for computed columns. */
  readonly table: string;
  readonly part: number;
  /** Selects its rows in no order: `(SELECT rid, t, …)` with the columns of the spine and of every slice before. */
  readonly rows: Sql;
  /** True for the rows of the bucket, said of `rid`. */
  readonly within: Sql;
}

/**
 * Columns that are computed from a bucket's joined rows before they are put in their place, such as on-demand features. `fill` writes a row for
 * each of the bucket's into the table `bucket.table`, as part `bucket.part`, which is empty then.
 */
export interface ComputedSlice {
  /** The columns of the table beside `part` and `rid`. */
  readonly columns: readonly Column[];
  fill(bucket: Bucket): Promise<void>;
}

export interface Gathering {
  readonly slices: readonly Slice[];
  readonly computed?: ComputedSlice | undefined;
  /** The output's values in the gathered rows: what the content hash is of. */
  readonly values: readonly Sql[];
}

/** All rows with all columns: `part`, `rid`, `t`, the spine's columns and those of the slices. */
export interface Gathered extends Parts {
  readonly sums: readonly ContentSum[];
}

/** The rows [from, to) of the spine with their slices. One row out for each row in: a slice cannot give a row twice. */
export function joinedRows({ spine }: Working, slices: readonly Slice[], within: Sql): Sql {
  const names = [...spine.columns.map(({ column }) => sql`s.${ident(column)} AS ${ident(column)}`)];
  const joins = slices.map(({ columns, ...rows }, index) => {
    const alias = raw(`g${index}`);
    names.push(...columns.map(({ name }) => sql`${alias}.${ident(name)} AS ${ident(name)}`));
    const own = join([raw('rid'), ...columns.map(({ name }) => ident(name))]);
    return sql`ANY INNER JOIN (SELECT ${own} FROM ${ident(rows.table)} WHERE ${inParts(rows)} AND ${within}) AS ${alias} ON s.rid = ${alias}.rid`;
  });
  return sql`(SELECT ${join([raw('s.rid AS rid, s.t AS t'), ...names])} FROM (SELECT * FROM ${ident(spine.table)} WHERE ${within}) AS s ${join(joins, ' ')})`;
}

/** Joins the slices, bucket by bucket of consecutive rows, each a step. */
export async function gatherRows(
  working: Working,
  { slices, computed, values }: Gathering,
  onProgress: (fraction: number) => Promise<void>,
): Promise<Gathered> {
  const { store, checkpoints, spine } = working;
  const columns = [
    { name: 't', type: 'Int64' },
    ...spine.columns.map(({ column, type }) => ({ name: column, type: clickhouseType(type) })),
    ...slices.flatMap((slice) => slice.columns),
    ...(computed?.columns ?? []),
  ];
  const {
    rows,
    bytes,
    table,
    computed: answers,
  } = await checkpoints.once('buckets', async () => {
    // By what the slices take before they are packed: a list or a text may be a thousand times a number.
    const tables = slices.map((slice) => slice.table);
    const measured = 1.2 * (await rowBytes(store, { tables, rows: spine.rows }, checkpoints.options));
    const bytes = BYTES_A_ROW + Math.max(BYTES_A_COLUMN * columns.length, measured);
    return {
      rows: working.rowsAStep ?? Math.max(1, Math.floor(BYTES_A_BUCKET / bytes)),
      bytes,
      table: await createParts(working, 'rows', columns),
      computed: computed ? await createParts(working, 'computed', computed.columns) : null,
    };
  });
  const settings = { ...checkpoints.options.settings, ...joinSettings(bytes) };
  const buckets = Math.ceil(spine.rows / rows);
  const names = join(['rid', ...columns.map(({ name }) => name)].map(ident));
  const parts: number[] = [];
  const sums: ContentSum[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const [from, to] = [bucket * rows, Math.min((bucket + 1) * rows, spine.rows)];
    const within = sql`rid >= ${from} AND rid < ${to}`;
    const { part, ...sum } = await checkpoints.once(`rows:${bucket}`, async () => {
      const part = checkpoints.fresh.part();
      const all = [...slices];
      if (computed && answers) {
        const own = { table: answers, part: checkpoints.fresh.part() };
        await computed.fill({ ...own, rows: joinedRows(working, slices, within), within });
        all.push({ table: own.table, parts: [own.part], columns: computed.columns });
      }
      await store.run(
        'training-set-rows',
        sql`INSERT INTO ${ident(table)} (part, ${names}) SELECT ${raw(String(part))}, ${names} FROM ${joinedRows(working, all, within)}`,
        { ...checkpoints.options, settings },
      );
      const from = sql`(SELECT * FROM ${ident(table)} WHERE ${inParts({ parts: [part] })})`;
      const content = await contentSum(store, { from, values, options: checkpoints.options });
      refuseLoss(content.rows, to - bucket * rows, bucket);
      return { part, ...content };
    });
    parts.push(part);
    sums.push(sum);
    await onProgress((bucket + 1) / buckets);
  }
  return { table, parts, sums };
}

async function createParts({ store, checkpoints }: Working, name: string, columns: readonly Column[]): Promise<string> {
  const table = checkpoints.fresh.table(name);
  await store.run('training-set-create', partsDdl(table, columnsDdl(columns)));
  return table;
}

/** Checks rule 5 where it could break: a slice that lacks a row would leave it out. */
function refuseLoss(actual: number, expected: number, bucket: number): void {
  if (actual === expected) return;
  throw new RiskgraphError({
    code: 'INTERNAL',
    message: `bucket ${bucket} of the training set holds ${actual} of its ${expected} rows`,
    hint: 'create the set again; the log says what else happened to its tables',
  });
}
