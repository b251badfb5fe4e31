/**
 * A source table that lives in the lender's own ClickHouse. A view of the platform reads it in place, in the shape of a table that the platform fills: all
 * that reads source tables reads the view.
 */
import type { AttachedSpec, SourceType } from '../definitions/define-table.js';
import { ident, join, raw, type Sql, sql } from '../definitions/sql.js';
import type { EngineReading } from './attached-engine.js';
import { eventTimeText } from './source-ddl.js';
import { eventTimeSql } from './source-sql.js';
import { type SourceTable, storedType, VERSION_COLUMNS } from './sources.js';

/** `database.table` in quotes. */
export const attachedName = ({ table }: AttachedSpec): Sql => join(table.split('.').map(ident), '.');

/** A value that is derived of each row of an attached table. */
export interface Derivation {
  /** A column, `knowledgeTime` or `deleted`. */
  readonly name: string;
  /** SQL over the columns of the attached table. */
  readonly expression: string;
  readonly type: SourceType;
  readonly nullable: boolean;
}

export const derivationsOf = ({ columns }: SourceTable, attached: AttachedSpec): readonly Derivation[] => [
  ...columns.map(({ name, type, nullable }) => {
    return { name, expression: attached.columns?.[name] ?? `\`${name}\``, type, nullable };
  }),
  ...stampOf('knowledgeTime', attached.knowledgeTime, 'Instant'),
  ...stampOf('deleted', attached.deleted, 'UInt8'),
];

const stampOf = (name: string, expression: string | undefined, type: SourceType): readonly Derivation[] =>
  expression === undefined ? [] : [{ name, expression, type, nullable: false }];

/** The derived values, under names that no column of the attached table has: an expression may use a name that a column of ours has too. */
export const derivedSelect = (
  derivations: readonly Derivation[],
  attached: AttachedSpec,
  { final }: Pick<EngineReading, 'final'>,
): Sql => {
  const values = derivations.map(({ name, expression }) => sql`(${raw(expression)}) AS ${ident(`__${name}`)}`);
  return sql`SELECT ${join(values)} FROM ${attachedName(attached)}${raw(final ? ' FINAL' : '')}`;
};

const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;

/** A view keeps no parameters. */
const inlined = ({ parts }: Sql): Sql =>
  raw(parts.map((part) => (typeof part === 'string' ? part : quoted(String(part.value)))).join(''));

/**
 * Creates the view, or puts it in the place of what it was. The types were compared before, so that no CAST changes a value. Without a knowledge time a
 * row counts as known when it happened.
 * @param read `timezone` of the portfolio, in which days end, and how the engine of the attached table is read
 */
export function attachedDdl(
  table: SourceTable,
  attached: AttachedSpec,
  read: { readonly timezone: string; readonly final: boolean },
): Sql {
  const { timezone } = read;
  const derivations = derivationsOf(table, attached);
  const values = derivations.map(
    ({ name, ...type }) =>
      sql`CAST(${ident(`__${name}`)}, ${raw(quoted(storedType(type)))}) AS ${ident(columnOf(name))}`,
  );
  const known = attached.knowledgeTime === undefined ? eventTimeSql(table, timezone) : sql`v.__known`;
  const deleted = attached.deleted === undefined ? sql`toUInt8(0)` : sql`v.__ended`;
  const own = table.columns.map(({ name }) => sql`v.${ident(name)} AS ${ident(name)}`);
  return inlined(sql`CREATE OR REPLACE VIEW ${ident(table.name)} AS SELECT ${join(own)}, ${known} AS ingested_at, ${deleted} AS deleted,
    CAST(0, ${raw(quoted(VERSION_COLUMNS.seq))}) AS seq, CAST(0, ${raw(quoted(VERSION_COLUMNS.row_hash))}) AS row_hash
    FROM (SELECT ${join(values)} FROM (${derivedSelect(derivations, attached, read)})) AS v
    COMMENT ${raw(quoted(`${ATTACHED}${JSON.stringify(attachedText(table, attached, read))}`))}`);
}

const columnOf = (name: string): string => ({ knowledgeTime: '__known', deleted: '__ended' })[name] ?? name;

/** The comment of a view begins with it. */
export const ATTACHED = 'attached ';

/** What a file says of an attached table; the view keeps it, so that a later file that says otherwise is seen. */
export interface AttachedText {
  readonly table: string;
  readonly key: string;
  readonly eventTime: string;
  readonly knowledgeTime: string;
  readonly deleted: string;
  /** Whether it is read with FINAL; absent in a view of before: it is not. */
  readonly final?: boolean;
  /** `expression, type` by column. */
  readonly columns: Readonly<Record<string, string>>;
}

export function attachedText(
  table: SourceTable,
  attached: AttachedSpec,
  { timezone, final }: { readonly timezone: string; readonly final: boolean },
): AttachedText {
  const { kind } = table.eventTime;
  const zone = kind === 'day' || kind === 'month' ? ` in ${timezone}` : '';
  const columns = derivationsOf(table, { ...attached, knowledgeTime: undefined, deleted: undefined });
  return {
    table: attached.table,
    key: table.key.join(', '),
    eventTime: `${eventTimeText(table)}${zone}`,
    knowledgeTime: attached.knowledgeTime ?? 'none',
    deleted: attached.deleted ?? 'none',
    final,
    columns: Object.fromEntries(
      columns.map(({ name, expression, ...type }) => [name, `${expression}, ${storedType(type)}`]),
    ),
  };
}

/** Whether a corrected value reads as if it had always been so. */
export const isUnprotected = ({ attached }: SourceTable): boolean =>
  attached !== null && attached.knowledgeTime === undefined;
