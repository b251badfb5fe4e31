/** Puts the rows of an upload into a table of the store as the file has them: texts of a text file, values of a file with types. */
import { yieldToOthers } from '../../core/async.js';
import { checkColumnName, KNOWN_COLUMN, TIME_COLUMN } from '../../core/compute/spine-columns.js';
import { ident, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { badInput, tooLarge } from '../../core/errors.js';
import type { RejectedRow } from '../../core/ports/sources.js';
import type { SpineLimits } from '../../core/ports/spines.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { refusalOf } from '../../warehouse/failures.js';
import type { RecordFile } from '../records.js';
import { AT_WORK, BatchWriter } from '../stage.js';
import { isAbsent } from '../values.js';
import { type Roles, roleType, type StagedColumn, typeOfStored } from './columns.js';
import { refuseMoreColumns, type TypedFile, ZONELESS } from './documents.js';
import { kindsOf, typeOfKinds } from './text-values.js';

export interface Stage {
  readonly table: string;
  readonly columns: readonly StagedColumn[];
  /** Rows of the file that could not be read at all. */
  readonly unread: RefusedRows;
}

export interface RefusedRows {
  readonly total: number;
  /** In the order of the file. */
  readonly first: readonly RejectedRow[];
}

export interface Staging {
  readonly store: ClickHouse;
  readonly table: string;
  readonly roles: Roles;
  readonly limits: SpineLimits;
}

const SHOWN = 20;

const listed = (names: Iterable<string>): string => [...names].sort().join(', ');

/** BAD_USER_INPUT where a column that is needed is missing, or a name is twice there. */
function checkHeader(names: readonly string[], { joinKeys, target }: Roles): void {
  refuseMoreColumns(names.length);
  for (const name of names) checkColumnName(name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw badInput(`the file has the column '${twice}' twice`, 'name each column once');
  const needed = [TIME_COLUMN, ...(target === null ? [] : [target, KNOWN_COLUMN])];
  for (const name of needed) {
    if (names.includes(name)) continue;
    throw badInput(
      `the file has no column '${name}'`,
      name === KNOWN_COLUMN
        ? `the target '${target}' needs ${KNOWN_COLUMN}, the instant since which each outcome is known; rename the column where it is no outcome`
        : `give the join keys, ${TIME_COLUMN} and any columns to pass through`,
    );
  }
  if (names.some((name) => joinKeys.has(name))) return;
  throw badInput('no column of the file is a join key', `the keys are ${listed(joinKeys)}`);
}

const created = (table: string, columns: readonly { readonly column: string; readonly stored: string }[]): Sql =>
  sql`CREATE TABLE ${ident(table)} (line UInt64, ${join(
    columns.map(({ column, stored }) => sql`${ident(column)} ${raw(stored)}`),
  )}) ENGINE = MergeTree ORDER BY line ${AT_WORK}`;

/** The file's rows, each value a text or NULL; the types of the columns follow from the values. */
export async function stageText({ store, table, roles, limits }: Staging, file: RecordFile): Promise<Stage> {
  checkHeader(file.header, roles);
  const columns = file.header.map((name, index) => ({ name, column: `r${index}`, stored: 'Nullable(String)' }));
  await store.run('spine-stage', created(table, columns));
  const writer = new BatchWriter(store, {
    label: 'spine-batch',
    table,
    columns: ['line', ...columns.map(({ column }) => column)],
  });
  const first: RejectedRow[] = [];
  let [rows, total] = [0, 0];
  for await (const batch of file.batches) {
    for (const { line, values, refusal } of batch) {
      if (refusal) {
        total++;
        if (first.length < SHOWN) first.push({ line, ...refusal });
      } else await writer.add([line, ...values.map((value) => (isAbsent(value) ? null : value))]);
    }
    rows += batch.length;
    refuseMoreRows(rows, limits);
    await yieldToOthers();
  }
  await writer.end();
  return { table, columns: await typedByValues(store, table, { columns, roles }), unread: { total, first } };
}

async function typedByValues(
  store: ClickHouse,
  table: string,
  { columns, roles }: { readonly columns: readonly Pick<StagedColumn, 'name' | 'column'>[]; readonly roles: Roles },
): Promise<readonly StagedColumn[]> {
  const passed = columns.filter(({ name }) => roleType(name, roles) === null);
  const [kinds = []] =
    passed.length === 0
      ? []
      : await store.tuples<number[]>(
          'spine-types',
          sql`SELECT ${join(passed.map(({ column }) => kindsOf(column)))} FROM ${ident(table)}`,
        );
  return columns.map(({ name, column }) => {
    const at = passed.findIndex((each) => each.name === name);
    return { name, column, stored: null, type: roleType(name, roles) ?? typeOfKinds(Number(kinds[at])) };
  });
}

/** As the store reads them: one thread keeps the order of the rows. */
const READ = {
  max_threads: 1,
  max_insert_threads: '1',
  input_format_parallel_parsing: 0,
  input_format_parquet_preserve_order: 1,
  input_format_arrow_skip_columns_with_unsupported_types_in_schema_inference: 1,
} as const;

/** The file's rows, document by document. */
export async function stageTyped({ store, table, roles, limits }: Staging, file: TypedFile): Promise<Stage> {
  checkHeader(file.columns, roles);
  const types = await describe(store, file);
  const columns = file.columns.map((name, index) => stagedColumn(name, `r${index}`, { file, types, roles }));
  await store.run(
    'spine-stage',
    created(
      table,
      columns.map(({ column, stored }) => ({ column, stored: stored ?? 'Nullable(String)' })),
    ),
  );
  const read = columns.filter(({ name }) => !file.empty.has(name));
  const structure = read.map(({ name, stored }) => `${ident(name).render().query} ${stored}`).join(', ');
  const into = join(['line', ...read.map(({ column }) => column)].map(ident));
  let rows = 0;
  for await (const document of file.documents) {
    refuseMoreRows(rows + document.rows, limits);
    const insert = sql`INSERT INTO ${ident(table)} (${into}) SELECT ${raw(String(rows))} + rowNumberInAllBlocks() + 1, ${join(
      read.map(({ name }) => ident(name)),
    )} FROM input(${quotedText(structure)}) FORMAT ${raw(file.format)}`;
    await store
      .insertBytes('spine-batch', insert, document.bytes, { settings: READ, refusalIsAnswer: true })
      .catch((cause: unknown) => {
        throw unreadable(cause, `rows ${rows + 1} to ${rows + document.rows} of the file`);
      });
    rows += document.rows;
    refuseMoreBytes(limits, await bytesOf(store, table));
  }
  refuseMoreBytes(limits, (await bytesOf(store, table)) + (await bytesOfWords(store, table, columns)));
  const [stored] = await store.rows<{ total: string }>('spine-rows', sql`SELECT count() AS total FROM ${ident(table)}`);
  if (Number(stored?.total) !== rows) throw badInput('the file has fewer rows than it says', 'write it again');
  return { table, columns, unread: { total: 0, first: [] } };
}

const quotedText = (text: string): Sql => raw(`'${text.replace(/['\\]/g, '\\$&')}'`);

const unreadable = (cause: unknown, what: string): unknown =>
  refusalOf(cause) === null
    ? cause
    : badInput(
        `${what} cannot be read`,
        'write it with pyarrow or another common writer: polars with compat_level=CompatLevel.oldest()',
      );

/** What the store makes of each column. */
async function describe(store: ClickHouse, { format, schema }: TypedFile): Promise<ReadonlyMap<string, string>> {
  const columns = await store
    .rows<{ name: string; type: string }>(
      'spine-describe',
      sql`DESCRIBE TABLE format(${raw(format)}, unhex('${raw(schema.toString('hex'))}'))`,
      { settings: READ, refusalIsAnswer: true },
    )
    .catch((cause: unknown) => {
      throw unreadable(cause, 'the columns of the file');
    });
  return new Map(columns.map(({ name, type }) => [name, type]));
}

interface Staged {
  readonly file: TypedFile;
  readonly types: ReadonlyMap<string, string>;
  readonly roles: Roles;
}

function stagedColumn(name: string, column: string, { file, types, roles }: Staged): StagedColumn {
  const limit = file.limits.get(name);
  if (limit) throw badInput(`the column '${name}' ${limit.what}`, limit.instead);
  const type = file.empty.has(name) ? 'Nullable(String)' : types.get(name);
  if (type === undefined) {
    throw badInput(`the column '${name}' is of a type that is not read`, 'write it as text, or leave it out');
  }
  // The store names the zone of instants, and no other times are in the files that it describes.
  const zoneless = /^(?:Array\()?(?:Nullable\()?DateTime64\(\d\)/.test(type) ? ZONELESS : undefined;
  if (zoneless) throw badInput(`the column '${name}' ${zoneless.what}`, zoneless.instead);
  if (file.empty.has(name)) {
    // A column of nothing but null has no type: it takes what its name asks for.
    return { name, column, stored: null, type: roleType(name, roles) ?? 'STRING' };
  }
  return { name, column, stored: type, type: typeOfStored(name, type, roles) };
}

/** Of a table, before compression. */
async function bytesOf(store: ClickHouse, table: string): Promise<number> {
  const [stage] = await store.rows<{ bytes: string }>(
    'spine-size',
    sql`SELECT sum(data_uncompressed_bytes) AS bytes FROM system.parts
      WHERE active AND database = currentDatabase() AND table = ${table}`,
  );
  return Number(stage?.bytes ?? 0);
}

/** What the words of dictionaries add where each row has its own: a small file may hold a long text once, and name it in every row. */
async function bytesOfWords(store: ClickHouse, table: string, columns: readonly StagedColumn[]): Promise<number> {
  const coded = columns.filter(({ stored }) => stored?.includes('LowCardinality'));
  if (coded.length === 0) return 0;
  const lengths = coded.map(({ column }) => sql`ifNull(sum(length(toString(${ident(column)}))), 0)`);
  const [words] = await store.tuples<(string | number)[]>(
    'spine-size',
    sql`SELECT ${join(lengths)} FROM ${ident(table)}`,
  );
  return (words ?? []).reduce<number>((sum, bytes) => sum + Number(bytes), 0);
}

function refuseMoreBytes({ bytes }: SpineLimits, found: number): void {
  if (found <= bytes) return;
  throw tooLarge(
    `the rows of the file are larger than ${bytes} bytes`,
    'send only the columns that the set needs, or split it by time; the operator sets the limit: RISKGRAPH_SPINE_BYTES',
  );
}

function refuseMoreRows(rows: number, limits: SpineLimits): void {
  if (rows <= limits.rows) return;
  throw tooLarge(
    `the file has more than ${limits.rows} rows`,
    'split it by time; the operator sets the limit: RISKGRAPH_SPINE_ROWS',
  );
}
