import { yieldToOthers } from '../core/async.js';
import { ident, join, raw, type Sql, sql } from '../core/definitions/sql.js';
import { badInput } from '../core/errors.js';
import { exactSelect } from '../warehouse/guard/exact.js';
import type { UserSql } from '../warehouse/user-sql.js';
import { type LossOptions, refuseLosses } from './mapping-losses.js';
import { LINE, mappedRows, type TextSize } from './mapping-rows.js';
import { jsonText, wellFormed } from './quarantine.js';
import type { FileRecord, RecordFile } from './records.js';
import { AT_WORK, BatchWriter, dropTable } from './stage.js';

export interface MappingOptions extends Omit<LossOptions, 'size'> {
  readonly userSql: UserSql;
  /** Id of the key whose share of the store the mapping has. */
  readonly callerKey?: string | undefined;
  /** A SELECT over `file`. */
  readonly mapping: string;
}

/**
 * Runs a mapping over a file: each column of the upload is a Nullable(String) of `file`, and the mapping's result is imported, with its rows
 * as lines. A line of the file with a value that a conversion of the mapping would change is refused. The caller drops the stage.
 * BAD_USER_INPUT for SQL that is not allowed or does not run.
 */
export async function openMapped(options: MappingOptions): Promise<RecordFile> {
  const { userSql, callerKey, stage, file, signal } = options;
  checkNames(file.header);
  const view = sql`SELECT ${join(file.header.map((name) => readable(name, file)))} FROM ${ident(stage)}`;
  const size = await stageText(options);
  const { select, conversions } = await userSql.check(callerKey, async ({ store, guard }) =>
    exactSelect(store, {
      statement: await guard.check(options.mapping, { tables: [], views: { file: view } }),
      around: (text) => sql`WITH file AS (${view}) SELECT * FROM (${raw(text)})`,
      what: 'the mapping',
    }),
  );
  const { store, leave } = await userSql.enter(callerKey, signal);
  signal.addEventListener('abort', leave, { once: true });
  await refuseLosses({ ...options, clickhouse: store, size }, conversions);
  const lines = mappedRows(store, { select, size, signal });
  const first = await lines.next();
  return { header: (first.done ? [] : first.value.values) as string[], batches: batched(lines, leave) };
}

/** A column that cannot be read ends the mapping that reads it, and no other. */
function readable(name: string, { limits }: RecordFile): Sql {
  const limit = limits?.get(name);
  if (limit?.unfitFor !== 'anything') return ident(name);
  const message = `column '${name}' of the file ${limit.what}: ${limit.instead}`;
  return sql`CAST(throwIf(${ident(LINE)} >= 0, ${message}), 'Nullable(String)') AS ${ident(name)}`;
}

function checkNames(header: readonly string[]): void {
  if (header.length === 0) throw badInput('the file has no columns', 'send a file whose rows have names and values');
  const bad = header.filter(
    (name) => name === '' || name === LINE || header.indexOf(name) !== header.lastIndexOf(name),
  );
  if (bad.length === 0) return;
  throw badInput(
    `the file's columns need a name each, each another: ${[...new Set(bad)].map((name) => `'${name.slice(0, 64)}'`).join(', ')}`,
    `rename them; '${LINE}' is taken`,
  );
}

/** Sorted by line, so that a mapping without ORDER BY gives the file's order. */
async function stageText({ clickhouse, stage, file, refuse, signal }: MappingOptions): Promise<TextSize> {
  const columns = file.header.map((name) => sql`${ident(name)} Nullable(String)`);
  await dropTable(clickhouse, stage);
  await clickhouse.run(
    'mapping-stage',
    sql`CREATE TABLE ${ident(stage)} (${join([...columns, sql`${ident(LINE)} UInt64`])})
      ENGINE = MergeTree ORDER BY ${ident(LINE)} ${AT_WORK}`,
    { signal },
  );
  const writer = new BatchWriter(clickhouse, { label: 'mapping-batch', table: stage, columns: [...file.header, LINE] });
  for await (const batch of file.batches) {
    for (const record of batch) {
      if (record.refusal) await refuse(record, record.refusal);
      else await writer.add([...record.values.map(asText), record.line]);
    }
    await yieldToOthers();
  }
  await writer.end();
  return { lines: writer.written, characters: writer.characters };
}

function asText(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null;
  return wellFormed(typeof value === 'object' ? jsonText(value) : String(value));
}

async function* batched(rows: AsyncIterator<FileRecord>, end: () => void): AsyncGenerator<readonly FileRecord[]> {
  let batch: FileRecord[] = [];
  for (let next = await rows.next(); !next.done; next = await rows.next()) {
    batch.push(next.value);
    if (batch.length < 1000) continue;
    yield batch;
    batch = [];
  }
  end();
  yield batch;
}
