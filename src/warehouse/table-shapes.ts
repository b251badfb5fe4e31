/** Source tables as ClickHouse holds them, beside what their definitions say. */
import { ident, param, raw, sql } from '../core/definitions/sql.js';
import { eventTimeText } from '../core/lending/source-ddl.js';
import { type SourceTable, storedType, VERSION_COLUMNS } from '../core/lending/sources.js';
import type { ClickHouse } from './client.js';

export interface TableFit {
  readonly table: string;
  /** Columns that came after the table was made, in the order in which they came. */
  readonly added: readonly string[];
  /** Why the definition cannot be served, each with what to do; none where it can. */
  readonly problems: readonly string[];
}

interface Stored {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly sortingKey: string;
  readonly comment: string;
}

const ANOTHER = 'put the file back as it was, or define a table under another name';

/**
 * Adds the nullable columns that definitions have and ClickHouse lacks: a column that nothing stored has a value of changes no row. Every other
 * difference is a problem, and leaves the table as it is. Several processes may run this at once.
 */
export async function fitTables(clickhouse: ClickHouse, tables: readonly SourceTable[]): Promise<readonly TableFit[]> {
  const stored = await readStored(clickhouse, tables);
  const fits: TableFit[] = [];
  for (const table of tables) {
    const { columns = [], sortingKey = '', comment = '' } = stored.get(table.name) ?? {};
    const known = new Map(columns.map(({ name, type }) => [name, type]));
    const fresh = table.columns.filter(({ name }) => !known.has(name));
    const problems = problemsOf(table, { columns, sortingKey, comment });
    if (problems.length === 0) {
      for (const column of fresh) {
        await clickhouse.run(
          'migrate',
          sql`ALTER TABLE ${ident(table.name)} ADD COLUMN IF NOT EXISTS ${ident(column.name)} ${raw(storedType(column))}`,
        );
      }
    }
    const own = new Set(table.columns.map(({ name }) => name));
    const later = laterOf(columns).map(({ name }) => name);
    const added = [...later.filter((name) => own.has(name)), ...fresh.map(({ name }) => name)];
    fits.push({ table: table.name, added, problems });
  }
  return fits;
}

/** Names of the stored tables that a definition file has made and no migration: those of projects. */
export async function madeTables(clickhouse: ClickHouse): Promise<ReadonlySet<string>> {
  const rows = await clickhouse.tuples<readonly [string]>(
    'migrate',
    sql`SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(comment, 'event time is ')`,
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
  const facts = await clickhouse.tuples<readonly [string, string, string]>(
    'migrate',
    sql`SELECT name, sorting_key, comment FROM system.tables WHERE database = currentDatabase() AND has(${names}, name)`,
  );
  return new Map(
    facts.map(([name, sortingKey, comment]) => [
      name,
      {
        columns: columns.filter(([table]) => table === name).map(([, column, type]) => ({ name: column, type })),
        sortingKey,
        comment,
      },
    ]),
  );
}

/** The columns that came after the table was made. */
const laterOf = (columns: Stored['columns']): Stored['columns'] =>
  columns.slice(columns.findIndex(({ name }) => name === 'row_hash') + 1);

function problemsOf(table: SourceTable, { columns, sortingKey, comment }: Stored): readonly string[] {
  const key = [...table.key, 'ingested_at', 'seq'].join(', ');
  if (key !== sortingKey) return [`its key is stored as (${sortingKey}), and the file says (${key}): ${ANOTHER}`];
  const problems: string[] = [];
  const eventTime = eventTimeText(table);
  // The tables of the migrations carry no comment.
  if (comment !== '' && comment !== eventTime)
    problems.push(`its ${comment}, and the file says ${eventTime}: ${ANOTHER}`);
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
