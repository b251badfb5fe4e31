/** Attached tables: whether they can be read as their files say, and the views that read them. */

import { sql } from '../core/definitions/sql.js';
import { ATTACHED, type AttachedText, attachedDdl, attachedText } from '../core/lending/attached.js';
import { type SourceTable, storedType } from '../core/lending/sources.js';
import type { TableFit } from '../core/lending/table-fit.js';
import { type AttachedTable, engineReading, isRefused, unreadable } from './attached-reading.js';
import type { ClickHouse } from './client.js';

export const isAttached = (table: SourceTable): table is AttachedTable => table.attached !== null;

/** Creates the view of each, or gives it the columns that its file has got; nothing of the attached table is changed. */
export async function attachTables(
  clickhouse: ClickHouse,
  tables: readonly AttachedTable[],
  timezone: string,
): Promise<void> {
  for (const table of tables) {
    const { final = false } = (await engineReading(clickhouse, table.attached)) ?? {};
    await clickhouse.run('migrate', attachedDdl(table, table.attached, { timezone, final }));
  }
}

/** Compares each with the table that it reads and with the view of the last apply, and changes nothing. */
export async function compareAttached(
  clickhouse: ClickHouse,
  table: AttachedTable,
  timezone: string,
): Promise<TableFit> {
  const names = table.columns.map(({ name }) => name);
  const [stored] = await clickhouse.tuples<readonly [string]>(
    'migrate',
    sql`SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = ${table.name}`,
  );
  const reading = await engineReading(clickhouse, table.attached);
  const { final = false, notes = [] } = reading ?? {};
  const unread = await unreadable(clickhouse, table, reading);
  if (!stored) return { table: table.name, missing: true, fresh: names, added: [], problems: unread, notes };
  const [comment] = stored;
  if (!comment.startsWith(ATTACHED)) {
    const filled = 'a table that the platform fills has this name: attach under another one';
    return { table: table.name, missing: false, fresh: [], added: [], problems: [filled] };
  }
  const applied = JSON.parse(comment.slice(ATTACHED.length)) as AttachedText;
  const fresh = names.filter((name) => !(name in applied.columns));
  const now = attachedText(table, table.attached, { timezone, final });
  const renewed = unread.length === 0 ? await renewedColumns(clickhouse, table, applied, now) : [];
  // Where the lender's table lost what the view reads, there is no meaning left to keep.
  const columns = { ...applied.columns, ...Object.fromEntries(renewed.map((name) => [name, now.columns[name] ?? ''])) };
  const otherwise = changed({ ...applied, columns }, now);
  // What a file says anew is its own fault; what was applied and cannot be read is the lender's table, away for a while or changed.
  const isApplied = fresh.length === 0 && otherwise.length === 0;
  const problems = isApplied ? [] : [...unread, ...otherwise];
  const rereads = renewed.map(
    (name) =>
      `column '${name}' was applied as ${applied.columns[name]}, which cannot be read any more, and the file says ${now.columns[name]}: see that both mean the same`,
  );
  if (unread.length === 0 && (applied.final ?? false) !== final) {
    rereads.push(`${applied.table} was applied ${asRead(!final)}, and its engine is to be read ${asRead(final)} now`);
  }
  const fit = { table: table.name, missing: false, fresh, added: fresh, problems, notes, rereads };
  return isApplied && unread.length > 0 ? { ...fit, unread } : fit;
}

const asRead = (final: boolean): string => (final ? 'with FINAL' : 'without FINAL');

/** Columns of which the applied expression cannot be read any more, and the file gives another of the same type. */
async function renewedColumns(
  clickhouse: ClickHouse,
  { columns, attached }: AttachedTable,
  applied: AttachedText,
  now: AttachedText,
): Promise<readonly string[]> {
  const renewed: string[] = [];
  for (const column of columns) {
    const [was, says] = [applied.columns[column.name], now.columns[column.name]];
    const type = `, ${storedType(column)}`;
    if (was === undefined || was === says || !was.endsWith(type)) continue;
    if (await isRefused(clickhouse, attached, was.slice(0, -type.length))) renewed.push(column.name);
  }
  return renewed;
}

const WHAT = {
  table: 'the table that it reads',
  key: 'its key',
  eventTime: 'its event time',
  knowledgeTime: 'its knowledgeTime',
  deleted: 'what says that a row is deleted',
} as const satisfies Partial<Record<keyof AttachedText, string>>;

/** What a view reads must not change its meaning. */
function changed(applied: AttachedText, now: AttachedText): readonly string[] {
  const facts = (Object.keys(WHAT) as (keyof typeof WHAT)[])
    .filter((fact) => applied[fact] !== now[fact])
    .map(
      (fact) =>
        `${WHAT[fact]} was applied as ${applied[fact]}, and the file says ${now[fact]}: put it back, or attach under another name`,
    );
  const columns = Object.entries(applied.columns).flatMap(([name, text]) => {
    const says = now.columns[name];
    if (says === text) return [];
    if (says === undefined) return [`column '${name}' was applied, and the file lacks it: put it back`];
    return [
      `column '${name}' was applied as ${text}, and the file says ${says}: put it back, and add a column of another name`,
    ];
  });
  return [...facts, ...columns];
}
