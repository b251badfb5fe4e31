import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { instantText, raw } from '../core/definitions/sql.js';
import { conflict } from '../core/errors.js';
import { sourceTableDdl } from '../core/lending/source-ddl.js';
import type { SourceTable } from '../core/lending/sources.js';
import type { Clock, Log } from '../core/ports/process.js';
import type { ClickHouse } from './client.js';

export interface MigrationOptions {
  /** Its database must exist. */
  readonly clickhouse: ClickHouse;
  /** Folder of `NNN_name.sql` files. */
  readonly directory: string;
  /** Source tables that must be there. */
  readonly tables: Iterable<SourceTable>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Migration {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

/**
 * Brings the ClickHouse tables to what the numbered files say, in their order, and remembers each by name and checksum. A source table that no
 * file creates is created as the schema describes it, before the files, which may then change it. Several processes may run this at once: every
 * statement can be repeated without effect. Migrations with higher numbers than the files have are those of a newer release: they only add, so the
 * release before goes on with them. CONFLICT where an applied file was edited or removed, or where two files share a number.
 */
export async function migrateClickHouse({
  clickhouse,
  directory,
  tables,
  clock,
  log,
}: MigrationOptions): Promise<void> {
  await clickhouse.run(
    'migrate',
    raw(`CREATE TABLE IF NOT EXISTS schema_migrations (
      name String, checksum String, applied_at DateTime64(3, 'UTC')
    ) ENGINE = ReplacingMergeTree(applied_at) ORDER BY name`),
  );
  const migrations = await readMigrations(directory);
  const applied = await appliedChecksums(clickhouse);
  refuseEdits(migrations, applied);
  const newer = newerThan(migrations, applied);
  if (newer.length > 0) {
    log.warn(
      { migrations: newer },
      'a newer release has migrated this ClickHouse: its additions stay, unused; see docs/upgrade.md',
    );
  }
  const inFiles = createdBy(migrations);
  for (const table of tables) {
    if (!inFiles.has(table.name)) await clickhouse.run('migrate', sourceTableDdl(table));
  }
  for (const { name, text, checksum } of migrations) {
    if (applied.has(name)) continue;
    for (const statement of statementsOf(text)) await clickhouse.run('migrate', raw(statement));
    const columns = ['name', 'checksum', 'applied_at'] as const;
    await clickhouse.insert('migrate', { table: 'schema_migrations', columns }, [
      [name, checksum, instantText(clock())],
    ]);
    log.info({ migration: name }, 'ClickHouse migration applied');
  }
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{3}_\w+\.sql$/.test(name)).sort();
  const twice = names.find((name, index) => names[index - 1]?.slice(0, 3) === name.slice(0, 3));
  if (twice)
    throw conflict(`two ClickHouse migrations have the number ${twice.slice(0, 3)}`, 'give the newer the next number');
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(directory, name), 'utf8');
      return { name, text, checksum: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

async function appliedChecksums(clickhouse: ClickHouse): Promise<Map<string, string>> {
  const rows = await clickhouse.rows<{ name: string; checksum: string }>(
    'migrate',
    raw('SELECT name, checksum FROM schema_migrations FINAL'),
  );
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}

/** Names of applied migrations that come after all files. */
function newerThan(migrations: readonly Migration[], applied: ReadonlyMap<string, string>): string[] {
  const newest = migrations.at(-1)?.name.slice(0, 3) ?? '';
  return [...applied.keys()].filter((name) => name.slice(0, 3) > newest).sort();
}

function refuseEdits(migrations: readonly Migration[], applied: ReadonlyMap<string, string>): void {
  const checksums = new Map(migrations.map(({ name, checksum }) => [name, checksum]));
  const newer = new Set(newerThan(migrations, applied));
  const problems = [...applied].flatMap(([name, checksum]) => {
    if (newer.has(name)) return [];
    const now = checksums.get(name);
    if (now === undefined) return [`${name} was applied to this database and its file is gone`];
    return now === checksum ? [] : [`${name} was changed after it was applied to this database`];
  });
  if (problems.length === 0) return;
  throw conflict(
    `ClickHouse migrations cannot go on: ${problems.join('; ')}`,
    'restore the file as it was and put the change into a new migration with the next number',
  );
}

const createdBy = (migrations: readonly Migration[]): ReadonlySet<string> =>
  new Set(
    migrations.flatMap(({ text }) =>
      [...text.matchAll(/^CREATE TABLE IF NOT EXISTS `?(\w+)/gm)].map(([, name]) => name as string),
    ),
  );

/** A statement ends with a semicolon at a line's end. */
const statementsOf = (text: string): string[] =>
  text
    .replace(/^--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
