/** Stores as text, from which a test makes them anew: Postgres as SQL, ClickHouse as one JSON value. */
import pg from 'pg';
import { ident, raw, sql } from '../src/core/definitions/sql.js';
import { openClickHouse } from '../src/warehouse/client.js';

const silent = { debug: () => undefined, info: () => undefined, warn: console.warn, error: console.error };
const unmeasured = { count: () => undefined, observe: () => undefined, gauge: () => undefined };

/** Of each table its columns, without what `CONSTRAINTS` has, and the column that a sequence numbers, if one does. */
const TABLES = `
  SELECT c.relname AS name, format('CREATE TABLE %I (%s)', c.relname, (
    SELECT string_agg(format('%I %s', a.attname, CASE
        WHEN a.attidentity = 'a' THEN format_type(a.atttypid, a.atttypmod) || ' GENERATED ALWAYS AS IDENTITY'
        WHEN pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%' THEN 'serial'
        ELSE format_type(a.atttypid, a.atttypmod) || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
      END) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END, ', ' ORDER BY a.attnum)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  )) AS text, (
    SELECT attname FROM pg_attribute a
    WHERE attrelid = c.oid AND attnum > 0 AND pg_get_serial_sequence(quote_ident(c.relname), attname) IS NOT NULL
  ) AS numbered
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY c.relname`;

const CONSTRAINTS = `
  SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS text
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'c', 'f')
  ORDER BY contype = 'f', conrelid::regclass::text, conname`;

const INDEXES = `
  SELECT pg_get_indexdef(indexrelid) AS text FROM pg_index JOIN pg_class c ON c.oid = indexrelid
  WHERE c.relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) ORDER BY c.relname`;

const FUNCTIONS = `
  SELECT pg_get_functiondef(oid) AS text FROM pg_proc
  WHERE pronamespace = 'public'::regnamespace AND proname <> 'seal_audit_log' ORDER BY proname`;

const TRIGGERS = `
  SELECT pg_get_triggerdef(t.oid) AS text FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
  WHERE c.relnamespace = 'public'::regnamespace AND NOT tgisinternal ORDER BY tgname`;

/**
 * SQL that makes the tables of schema public in an empty database, by whom it is run, with their rows: `pg_dump` of another version than the
 * server's refuses it, and npm brings none.
 */
export async function dumpPostgres(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const texts = async (query: string): Promise<string[]> =>
      (await client.query<{ text: string }>(query)).rows.map(({ text }) => text);
    const { rows: tables } = await client.query<{ name: string; text: string; numbered: string | null }>(TABLES);
    const filled: string[] = [];
    for (const { name, numbered } of tables) filled.push(...(await rowsOf(client, name, numbered)));
    const parts = [
      ...tables.map(({ text }) => text),
      ...filled,
      ...(await texts(CONSTRAINTS)),
      ...(await texts(INDEXES)),
      ...(await texts(FUNCTIONS)),
      // After the rows, whose hashes they are.
      ...(await texts(TRIGGERS)),
    ];
    return `${parts.join(';\n')};\n`;
  } finally {
    await client.end();
  }
}

async function rowsOf(client: pg.Client, table: string, numbered: string | null): Promise<string[]> {
  const name = client.escapeIdentifier(table);
  const { rows } = await client.query<{ text: string | null }>(`SELECT json_agg(t)::text AS text FROM ${name} AS t`);
  const text = rows[0]?.text;
  if (!text) return [];
  const values = `json_populate_recordset(NULL::${name}, ${client.escapeLiteral(text)})`;
  return [
    `INSERT INTO ${name} OVERRIDING SYSTEM VALUE SELECT * FROM ${values}`,
    ...(numbered
      ? [`SELECT setval(pg_get_serial_sequence('${name}', '${numbered}'), (SELECT max(${numbered}) FROM ${name}))`]
      : []),
  ];
}

/** JSON: of each table its name, the statement that creates it in the database of a connection, and its rows in ClickHouse's Native format, in base64. */
export async function dumpClickHouse(url: string, database: string): Promise<string> {
  const clickhouse = openClickHouse({ url, database, log: silent, metrics: unmeasured });
  try {
    const tables = await clickhouse.rows<{ name: string; create: string }>(
      'dump',
      raw(
        'SELECT name, create_table_query AS create FROM system.tables WHERE database = currentDatabase() ORDER BY name',
      ),
    );
    const dumped = [];
    for (const { name, create } of tables) {
      const rows: Buffer[] = [];
      for await (const chunk of clickhouse.bytes('dump', sql`SELECT * FROM ${ident(name)}`, 'Native')) rows.push(chunk);
      dumped.push({
        name,
        create: create.replaceAll(`${database}.`, ''),
        rows: Buffer.concat(rows).toString('base64'),
      });
    }
    return JSON.stringify(dumped);
  } finally {
    await clickhouse.close();
  }
}
