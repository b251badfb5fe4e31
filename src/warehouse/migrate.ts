import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { conflict } from '../core/errors.js';
import type { Clock, Log } from '../core/ports/process.js';

export interface MigrationOptions {
  /** Its database must exist. */
  readonly client: ClickHouseClient;
  /** Folder of `NNN_name.sql` files. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Migration {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

/**
 * Brings the ClickHouse tables to what the numbered files say, in their order, and remembers each by name and checksum. Several processes
 * may run it at once: every statement of a migration can be repeated without effect. CONFLICT where an applied file was edited or removed,
 * or where two files share a number.
 */
export async function migrateClickHouse({ client, directory, clock, log }: MigrationOptions): Promise<void> {
  await client.command({
    query: `CREATE TABLE IF NOT EXISTS schema_migrations (
      name String, checksum String, applied_at DateTime64(3, 'UTC')
    ) ENGINE = ReplacingMergeTree(applied_at) ORDER BY name`,
  });
  const migrations = await readMigrations(directory);
  const applied = await appliedChecksums(client);
  refuseEdits(migrations, applied);
  for (const { name, text, checksum } of migrations) {
    if (applied.has(name)) continue;
    for (const statement of statementsOf(text)) await client.command({ query: statement });
    await client.insert({
      table: 'schema_migrations',
      values: [{ name, checksum, applied_at: new Date(clock()).toISOString().replace('T', ' ').slice(0, -1) }],
      format: 'JSONEachRow',
    });
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

async function appliedChecksums(client: ClickHouseClient): Promise<Map<string, string>> {
  const result = await client.query({
    query: 'SELECT name, checksum FROM schema_migrations FINAL',
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ name: string; checksum: string }>();
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}

function refuseEdits(migrations: readonly Migration[], applied: ReadonlyMap<string, string>): void {
  const checksums = new Map(migrations.map(({ name, checksum }) => [name, checksum]));
  const problems = [...applied].flatMap(([name, checksum]) => {
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

/** A statement ends with a semicolon at a line's end. */
const statementsOf = (text: string): string[] =>
  text
    .replace(/^--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
