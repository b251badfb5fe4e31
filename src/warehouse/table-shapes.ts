/** Source tables as ClickHouse holds them, beside what their definitions say. */
import { ident, param, raw, sql } from '../core/definitions/sql.js';
import { ATTACHED } from '../core/lending/attached.js';
import {
  commentParts,
  eventTimeText,
  partitionText,
  sourceTableDdl,
  tableComment,
} from '../core/lending/source-ddl.js';
import { type SourceTable, storedType, VERSION_COLUMNS } from '../core/lending/sources.js';
import type { TableFit } from '../core/lending/table-fit.js';
import type { ClickHouse } from './client.js';
import { fillPositions } from './fill-positions.js';

interface Stored {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly sortingKey: string;
  readonly partitionKey: string;
  readonly comment: string;
}

const ANOTHER = 'put the file back as it was, or define a table under another name';

/** Compares tables with what ClickHouse holds of them, and changes nothing. */
export async function compareTables(
  clickhouse: ClickHouse,
  tables: readonly SourceTable[],
): Promise<readonly TableFit[]> {
  if (tables.length === 0) return [];
  const stored = await readStored(clickhouse, tables);
  return tables.map((table) => {
    const shape = stored.get(table.name);
    const names = table.columns.map(({ name }) => name);
    if (!shape) return { table: table.name, missing: true, fresh: names, added: [], problems: [] };
    const known = new Set(shape.columns.map(({ name }) => name));
    const own = new Set(names);
    const fresh = names.filter((name) => !known.has(name));
    const later = laterOf(shape.columns).flatMap(({ name }) => (own.has(name) ? [name] : []));
    return {
      table: table.name,
      missing: false,
      fresh,
      added: [...later, ...fresh],
      ...keptOf(table, shape),
      problems: problemsOf(table, shape),
    };
  });
}

/**
 * Creates the tables that ClickHouse lacks, and adds the nullable columns that it lacks of others: a column of which nothing stored has a value changes
 * no row, and computed ones are filled for the rows that are stored. Of a table with a problem nothing is changed. Several processes may run this at once. @returns how the tables stand then
 */
export async function fitTables(clickhouse: ClickHouse, tables: readonly SourceTable[]): Promise<readonly TableFit[]> {
  const fits = await compareTables(clickhouse, tables);
  const byName = new Map(tables.map((table) => [table.name, table]));
  for (const { table: name, missing, fresh, kept, problems } of fits) {
    const table = byName.get(name) as SourceTable;
    if (missing) await clickhouse.run('migrate', sourceTableDdl(table));
    else if (problems.length === 0) {
      await addColumns(clickhouse, table, fresh);
      if (kept !== undefined) await commentOn(clickhouse, table);
      await fillPositions(clickhouse, table);
    }
  }
  return fits.map(({ kept, ...fit }) =>
    fit.missing || fit.problems.length === 0
      ? { ...fit, missing: false, fresh: [], added: fit.missing ? [] : fit.added }
      : { ...fit, ...(kept !== undefined && { kept }) },
  );
}

async function addColumns(clickhouse: ClickHouse, { name, columns }: SourceTable, fresh: readonly string[]) {
  for (const column of columns.filter((each) => fresh.includes(each.name))) {
    await clickhouse.run(
      'migrate',
      sql`ALTER TABLE ${ident(name)} ADD COLUMN IF NOT EXISTS ${ident(column.name)} ${raw(storedType(column))}`,
    );
  }
}

const commentOn = (clickhouse: ClickHouse, table: SourceTable): Promise<void> =>
  clickhouse.run('migrate', sql`ALTER TABLE ${ident(table.name)} MODIFY COMMENT ${raw(`'${tableComment(table)}'`)}`);

/** How long the store keeps rows, where the file says otherwise. Tables of the migrations carry no comment, and keep theirs for good. */
function keptOf(table: SourceTable, { comment }: Stored): Pick<TableFit, 'kept'> {
  const { retention } = commentParts(comment);
  return JSON.stringify(retention) === JSON.stringify(table.retention) ? {} : { kept: retention };
}

/** Names of the stored tables that a definition file has made and no migration: those of projects. */
export async function madeTables(clickhouse: ClickHouse): Promise<ReadonlySet<string>> {
  const rows = await clickhouse.tuples<readonly [string]>(
    'migrate',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND (startsWith(comment, 'event time is ') OR startsWith(comment, ${ATTACHED}))`,
  );
  return new Set(rows.map(([name]) => name));
}

async function readStored(
  clickhouse: ClickHouse,
  tables: readonly SourceTable[],
): Promise<ReadonlyMap<string, Stored>> {
  const names = param(
    'Array(String)',
    tables.map(({ name }) => name),
  );
  const columns = await clickhouse.tuples<readonly [string, string, string]>(
    'migrate',
    sql`SELECT table, name, type FROM system.columns WHERE database = currentDatabase() AND has(${names}, table) ORDER BY table, position`,
  );
  const facts = await clickhouse.tuples<readonly [string, string, string, string]>(
    'migrate',
    sql`SELECT name, sorting_key, partition_key, comment FROM system.tables WHERE database = currentDatabase() AND has(${names}, name)`,
  );
  return new Map(
    facts.map(([name, sortingKey, partitionKey, comment]) => [
      name,
      {
        columns: columns.filter(([table]) => table === name).map(([, column, type]) => ({ name: column, type })),
        sortingKey,
        partitionKey,
        comment,
      },
    ]),
  );
}

/** The columns that came after the table was made. */
const laterOf = (columns: Stored['columns']): Stored['columns'] =>
  columns.slice(columns.findIndex(({ name }) => name === 'row_hash') + 1);

function problemsOf(table: SourceTable, { columns, sortingKey, partitionKey, comment }: Stored): readonly string[] {
  const key = [...table.key, 'ingested_at', 'seq'].join(', ');
  if (key !== sortingKey) return [`its key is stored as (${sortingKey}), and the file says (${key}): ${ANOTHER}`];
  const problems: string[] = [];
  const eventTime = eventTimeText(table);
  // The tables of the migrations carry no comment.
  const said = commentParts(comment).eventTime;
  if (said !== '' && said !== eventTime) problems.push(`its ${said}, and the file says ${eventTime}: ${ANOTHER}`);
  const partition = partitionText(table);
  if (said === eventTime && partition !== partitionKey) {
    const [stored, wanted] = [partitionKey, partition].map((text) => text || 'none');
    problems.push(`its partition is stored as ${stored}, and the file says ${wanted}: ${ANOTHER}`);
  }
  const own = new Map(table.columns.map((column) => [column.name, column]));
  const made = columns.slice(
    0,
    columns.findIndex(({ name }) => name in VERSION_COLUMNS),
  );
  // What a later release added to a table of the migrations is none of this one's.
  const kept = comment === '' ? made : [...made, ...laterOf(columns)];
  for (const { name } of kept.filter((column) => !own.has(column.name))) {
    problems.push(`column '${name}' is stored, and the file lacks it: put it back, for no column is ever removed`);
  }
  const order = made.map(({ name }) => name).filter((name) => own.has(name));
  const written = [...own.keys()].filter((name) => order.includes(name));
  // The hash of a row is that of its columns in their order: in another, a file that comes again would be all new versions.
  if (comment !== '' && String(order) !== String(written)) {
    problems.push(`its columns are stored in the order ${order.join(', ')}: put them back in it`);
  }
  const known = new Map(columns.map(({ name, type }) => [name, type]));
  for (const column of table.columns) {
    const type = known.get(column.name);
    if (type === undefined && !column.nullable) {
      problems.push(`column '${column.name}' is new, and stored rows have no value of it: write opt(…)`);
    }
    if (type !== undefined && type !== storedType(column)) {
      problems.push(
        `column '${column.name}' is stored as ${type}, and the file says ${storedType(column)}: put it back, and add a column of another name`,
      );
    }
  }
  return problems;
}
