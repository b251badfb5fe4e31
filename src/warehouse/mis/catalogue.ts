/** What clients ask of a ClickHouse server before their first SELECT: its tables, their columns, its settings. */
import { ident, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { MIS_LIMITS, MIS_SETTINGS, type MisView } from '../../core/ports/mis.js';

const namesOf = (views: readonly MisView[]) =>
  param(
    'Array(String)',
    views.map(({ name }) => name),
  );

/** A name, with or without quotes and the database before it. */
const NAME = '(?:[`"]?(\\w+)[`"]?\\.)?[`"]?(\\w+)[`"]?';

type Answer = (found: RegExpExecArray, views: readonly MisView[]) => Sql;

const within = (views: readonly MisView[], database: string | undefined): Sql =>
  sql`${raw(database === undefined ? '1' : `currentDatabase() = '${database}'`)} AND has(${namesOf(views)}, name)`;

/** No engine of a view: Superset lists tables and views one after the other, and would list each twice. */
const tablesSql = (
  views: readonly MisView[],
): Sql => sql`SELECT database, name, 'Fact' AS engine, '' AS engine_full, replaceRegexpOne(comment, ' \\\\[riskgraph [0-9a-f]+\\\\]$', '') AS comment, '' AS create_table_query, 0 AS is_temporary,
  '' AS primary_key, '' AS sorting_key, '' AS partition_key, CAST(NULL, 'Nullable(UInt64)') AS total_rows, CAST(NULL, 'Nullable(UInt64)') AS total_bytes
  FROM system.tables WHERE database = currentDatabase() AND has(${namesOf(views)}, name)`;

const columnsSql = (
  views: readonly MisView[],
): Sql => sql`SELECT database, table, name, type, position, default_kind, default_expression, comment,
  is_in_partition_key, is_in_sorting_key, is_in_primary_key FROM system.columns WHERE database = currentDatabase() AND has(${namesOf(views)}, table)`;

const settingsSql =
  (): Sql => sql`SELECT name, value, changed, description, type, toUInt8(NOT has(${param('Array(String)', [...MIS_SETTINGS, ...Object.keys(MIS_LIMITS)])}, name)) AS readonly
  FROM system.settings`;

/** System tables that a SELECT may name, as far as the caller may know what is in them. */
export const SYSTEM_TABLES: Readonly<Record<string, (views: readonly MisView[]) => Sql>> = {
  databases: () => sql`SELECT currentDatabase() AS name, 'Atomic' AS engine, '' AS comment`,
  tables: tablesSql,
  columns: columnsSql,
  settings: settingsSql,
};

const ANSWERS: readonly (readonly [RegExp, Answer])[] = [
  [/^SHOW\s+(?:DATABASES|SCHEMAS)$/i, () => sql`SELECT currentDatabase() AS name`],
  [
    /^SHOW\s+(?:FULL\s+)?TABLES(?:\s+(?:FROM|IN)\s+[`"]?(\w+)[`"]?)?$/i,
    ([, database], views) => sql`SELECT name FROM (${tablesSql(views)}) WHERE ${within(views, database)} ORDER BY name`,
  ],
  [
    new RegExp(`^(?:DESCRIBE|DESC)\\s+(?:TABLE\\s+)?${NAME}$`, 'i'),
    (
      [, , table = ''],
      views,
    ) => sql`SELECT name, type, default_kind AS default_type, default_expression, comment, '' AS codec_expression, '' AS ttl_expression
      FROM (${columnsSql(views)}) WHERE table = ${table} ORDER BY position`,
  ],
  [
    /^EXISTS\s+DATABASE\s+[`"]?(\w+)[`"]?$/i,
    ([, database = '']) => sql`SELECT toUInt8(currentDatabase() = ${database}) AS result`,
  ],
  [
    new RegExp(`^EXISTS\\s+(?:TABLE\\s+|VIEW\\s+)?${NAME}$`, 'i'),
    ([, database, table = ''], views) =>
      sql`SELECT toUInt8(count() > 0) AS result FROM (${tablesSql(views)}) WHERE ${within(views, database)} AND name = ${table}`,
  ],
];

/** The SELECT that answers a statement about the server; null for any other. */
export function aboutServer(text: string, views: readonly MisView[]): Sql | null {
  for (const [pattern, answer] of ANSWERS) {
    const found = pattern.exec(text);
    if (found) return answer(found, views);
  }
  return null;
}

const PREFIX = 'system_';
const QUOTED = /('(?:[^'\\]|\\.|'')*')/;
const SYSTEM = new RegExp(`[\`"]?\\bsystem[\`"]?\\.[\`"]?(${Object.keys(SYSTEM_TABLES).join('|')})\\b[\`"]?`, 'g');

/** A printed statement in which system tables and views of the database have names of one part; the literals in it stay as they are. */
export function inOnePart(statement: string, database: string): string {
  const own = new RegExp(`[\`"]?\\b${database}[\`"]?\\.[\`"]?(mis_\\w+)\\b[\`"]?`, 'g');
  return statement
    .split(QUOTED)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(SYSTEM, `${PREFIX}$1`).replace(own, '$1')))
    .join('');
}

/** The queries that the system tables which a statement names stand for. */
export const systemTablesIn = (statement: string, views: readonly MisView[]): Readonly<Record<string, Sql>> =>
  Object.fromEntries(
    Object.entries(SYSTEM_TABLES).flatMap(([name, select]) =>
      statement.includes(PREFIX + name) ? [[PREFIX + name, select(views)]] : [],
    ),
  );

/** The definitions that stand before a statement. */
export const withSql = (definitions: Readonly<Record<string, Sql>>): Sql =>
  join(Object.entries(definitions).map(([name, select]) => sql`${ident(name)} AS (${select})`));
