/** A source table of a file beside what the store holds of it. */
import { mayExceed, type Span, spanText } from '../helpers/span.js';
import type { SourceTable, SourceTables } from './sources.js';

export interface TableFit {
  readonly table: string;
  /** The store has no such table. */
  readonly missing: boolean;
  /** Columns of the file that the store lacks. */
  readonly fresh: readonly string[];
  /** Columns that came after the table was made, in the order in which they came, the fresh ones last. */
  readonly added: readonly string[];
  /** How long the store keeps rows, null for good, where the file says otherwise; absent where they agree. */
  readonly kept?: Span | null;
  /** Why the definition cannot be served, each with what to do; none where it can. */
  readonly problems: readonly string[];
  /** Why what was applied of an attached table cannot be read now, though its file says the same; absent where it can. */
  readonly unread?: readonly string[];
  /** What to know of the table before it is applied. */
  readonly notes?: readonly string[];
  /** What an apply reads otherwise, since what was applied cannot be read any more; until then the table cannot be served. */
  readonly rereads?: readonly string[];
}

/** Compares tables with what the store holds of them, and changes nothing. */
export type CompareTables = (tables: readonly SourceTable[]) => Promise<readonly TableFit[]>;

/** A table as it was applied. */
export interface PublishedTable {
  readonly name: string;
  readonly hash: string;
  /** The columns that were tagged as personal. */
  readonly personal: readonly string[];
}

/** As an apply records it. */
export const asPublished = ({ name, definedBy, columns }: SourceTable): PublishedTable => ({
  name,
  hash: definedBy?.hash ?? '',
  personal: columns.filter(({ pii }) => pii).map((column) => column.name),
});

/** Views hold what was read under the tag of its day, masked or not: another tag would say otherwise of these values. */
export function tagProblems(
  table: SourceTable,
  { fresh }: Pick<TableFit, 'fresh'>,
  applied: PublishedTable | undefined,
): readonly string[] {
  if (!applied) return [];
  const before = new Set(applied.personal);
  return table.columns
    .filter(({ name, pii }) => !fresh.includes(name) && pii !== before.has(name))
    .map(({ name, pii }) =>
      pii
        ? `column '${name}' was applied without pii(…): take the tag out, and tag a column of another name`
        : `column '${name}' was applied as personal: put pii(…) back`,
    );
}

/** The table as the store holds it: what the file says beside that waits for an apply. */
export function storedPart(table: SourceTable, { fresh, added, kept }: TableFit): SourceTable {
  const columns = table.columns
    .filter(({ name }) => !fresh.includes(name))
    .map((column) => ({ ...column, added: added.includes(column.name) }));
  // The hash is that of the whole file: with it, an apply of the rest would be taken for done.
  const isPart = fresh.length > 0 || kept !== undefined;
  const definedBy = table.definedBy && isPart ? { ...table.definedBy, hash: '' } : table.definedBy;
  const retention = kept === undefined ? table.retention : kept;
  return Object.freeze({ ...table, definedBy, retention, columns });
}

const unreadOf = ({ unread = [] }: TableFit): readonly string[] => unread;
const rereadsOf = ({ rereads = [] }: TableFit): readonly string[] => rereads;

/** What an apply changes of how long rows are kept. */
function keptNotes({ retention }: SourceTable, { kept: stored }: TableFit): readonly string[] {
  if (stored === undefined) return [];
  const [next, before] = [retention, stored].map((span) => (span === null ? 'for good' : `for ${spanText(span)}`));
  const isShorter = retention !== null && (stored === null || mayExceed(stored, retention));
  const what = isShorter
    ? 'older rows are read no more, and removed for good'
    : 'rows that are removed already do not come back';
  return [`keeps its rows ${next}, until now ${before}: ${what}`];
}

/**
 * Marks tables as planned where the store lacks something of them: they read as empty. Of one with a problem, and of one that cannot be read now, the part that
 * is served stands in.
 * @returns the problems by table, and those of tables that cannot be read now
 */
export function planStored(
  tables: SourceTables,
  fits: readonly TableFit[],
  served: SourceTables,
): {
  readonly problems: ReadonlyMap<string, readonly string[]>;
  readonly unread: ReadonlyMap<string, readonly string[]>;
} {
  const problems = new Map<string, readonly string[]>();
  const unread = new Map<string, readonly string[]>();
  for (const fit of fits) {
    const table = tables.find(fit.table);
    if (!table) continue;
    if (fit.problems.length > 0) {
      problems.set(fit.table, [...fit.problems, ...unreadOf(fit)]);
      tables.put(served.find(fit.table) ?? table);
    } else if (unreadOf(fit).length > 0) {
      unread.set(fit.table, unreadOf(fit));
      tables.put(served.find(fit.table) ?? table);
    } else if (fit.missing || fit.fresh.length > 0 || rereadsOf(fit).length > 0 || fit.kept !== undefined) {
      const planned = fit.missing ? 'TABLE' : fit.fresh;
      const notes = [...(fit.notes ?? []), ...rereadsOf(fit), ...keptNotes(table, fit)];
      tables.put(Object.freeze({ ...table, planned, notes }));
    }
  }
  return { problems, unread };
}

/** Serves each table as far as the store holds it. @returns the problems by table */
export function serveStored(tables: SourceTables, fits: readonly TableFit[]): ReadonlyMap<string, readonly string[]> {
  const problems = new Map<string, readonly string[]>();
  for (const fit of fits) {
    const table = tables.find(fit.table);
    if (!table) continue;
    const reasons = [...fit.problems, ...unreadOf(fit), ...rereadsOf(fit)];
    if (reasons.length > 0) problems.set(fit.table, reasons);
    else tables.put(storedPart(table, fit));
    if (fit.missing) tables.withhold(fit.table);
  }
  return problems;
}
