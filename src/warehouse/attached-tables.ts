/** Attached tables: whether they can be read as their files say, and the views that read them. */

import type { AttachedSpec } from '../core/definitions/define-table.js';
import { sql } from '../core/definitions/sql.js';
import {
  ATTACHED,
  type AttachedText,
  attachedDdl,
  attachedText,
  type Derivation,
  derivationsOf,
  derivedSelect,
} from '../core/lending/attached.js';
import { bareType, holdsAll } from '../core/lending/attached-types.js';
import type { SourceTable } from '../core/lending/sources.js';
import type { TableFit } from '../core/lending/table-fit.js';
import type { ClickHouse } from './client.js';
import { refusalOf } from './failures.js';

export interface AttachedTable extends SourceTable {
  readonly attached: AttachedSpec;
}

export const isAttached = (table: SourceTable): table is AttachedTable => table.attached !== null;

/** Creates the view of each, or gives it the columns that its file has got; nothing of the attached table is changed. */
export async function attachTables(
  clickhouse: ClickHouse,
  tables: readonly AttachedTable[],
  timezone: string,
): Promise<void> {
  for (const table of tables) await clickhouse.run('migrate', attachedDdl(table, table.attached, timezone));
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
  const unread = await unreadable(clickhouse, table);
  if (!stored) return { table: table.name, missing: true, fresh: names, added: [], problems: unread };
  const [comment] = stored;
  if (!comment.startsWith(ATTACHED)) {
    const filled = 'a table that the platform fills has this name: attach under another one';
    return { table: table.name, missing: false, fresh: [], added: [], problems: [filled] };
  }
  const applied = JSON.parse(comment.slice(ATTACHED.length)) as AttachedText;
  const fresh = names.filter((name) => !(name in applied.columns));
  const problems = [...unread, ...changed(applied, attachedText(table, table.attached, timezone))];
  return { table: table.name, missing: false, fresh, added: fresh, problems };
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

/** Why the attached table cannot be read as its file says. */
async function unreadable(clickhouse: ClickHouse, { attached, ...table }: AttachedTable): Promise<readonly string[]> {
  const describe = (derivations: readonly Derivation[]) =>
    clickhouse
      .tuples<readonly [string, string]>('attached-describe', sql`DESCRIBE (${derivedSelect(derivations, attached)})`, {
        refusalIsAnswer: true,
      })
      .then(
        (rows) => ({ types: rows.map(([, type]) => type), words: null }),
        (error: Error) => ({ types: [], words: (refusalOf(error) ?? error).message }),
      );
  const derivations = derivationsOf({ ...table, attached }, attached);
  const all = await describe(derivations);
  if (all.words === null) {
    return derivations.flatMap((derivation, index) => typeProblem(derivation, all.types[index] as string, attached));
  }
  const readable = await describe([{ name: 'one', expression: '1', type: 'UInt8', nullable: false }]);
  if (readable.words !== null) {
    return [
      `${attached.table} cannot be read: ${readable.words}: create it, or let the platform's role read it (GRANT SELECT ON ${attached.table} TO …)`,
    ];
  }
  const problems: string[] = [];
  for (const derivation of derivations) {
    const { types, words } = await describe([derivation]);
    const [type] = types;
    if (type !== undefined) problems.push(...typeProblem(derivation, type, attached));
    else
      problems.push(
        `'${derivation.name}' cannot be derived of ${attached.table}: ${words}: say in \`attached\` how it is`,
      );
  }
  return problems;
}

function typeProblem(
  { name, type: ours, nullable }: Derivation,
  stored: string,
  { table }: AttachedSpec,
): readonly string[] {
  const found = bareType(stored);
  if (!holdsAll(ours, found.type)) {
    return [
      `'${name}' is ${stored} in ${table}, which ${ours} does not hold: give \`attached\` an expression that converts it`,
    ];
  }
  if (found.nullable && !nullable) {
    return [
      `'${name}' may be NULL in ${table}: write opt(…), or give \`attached\` an expression that says what stands for it`,
    ];
  }
  return [];
}
