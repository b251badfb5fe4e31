/** The query of a view, run once for an as-of. Entities with whose source rows it cannot compute are set aside, and all others have their rows. */
import { nextFile } from '../../core/definitions/definition-kinds.js';
import type { View } from '../../core/definitions/definitions.js';
import { ident, instantSql, join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import { type BusinessCalendar, formatInstant, type Instant } from '../../core/helpers/time.js';
import type { SourceTable } from '../../core/lending/sources.js';
import type { Run } from '../../core/ports/offline.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { refusalOf, valueRefusal } from '../../warehouse/failures.js';
import { nameInQuarantine } from '../../warehouse/quarantine.js';
import {
  among,
  type HashedKey,
  type KeyGroup,
  keysAtFault,
  MOST_KEYS,
  type TriedQuery,
  without,
} from './keys-at-fault.js';
import { BOUNDED, keyColumns, rowColumns } from './tables.js';
import { featureValue, noValue } from './values.js';
import { keyedSources, sourceOf, type ViewQueryOptions, viewQuery } from './view-sql.js';

export interface Parts {
  readonly store: ClickHouse;
  readonly calendar: BusinessCalendar;
  /** Ends a search for keys at fault, which may take minutes. */
  readonly signal?: AbortSignal | undefined;
}

/** The stored columns of a row of the view's query `q`: whether it is a tombstone, named `_gone` where it is selected, and its features. */
export const computedColumns = (view: View): { readonly tombstone: Sql; readonly features: readonly Sql[] } => ({
  tombstone: view.tombstone ? sql`ifNull(CAST(q.${ident(view.tombstone)}, 'Nullable(Bool)'), false)` : sql`0`,
  features: view.features.map((feature) => sql`if(_gone, ${noValue(feature)}, ${featureValue(view, feature, 'q')})`),
});

/** The author of a view must see what ClickHouse said of the query. An earlier release may have applied one that cannot run. */
export function explained(view: View, asOf: Instant, error: unknown): unknown {
  const refusal = refusalOf(error);
  if (refusal === null) return error;
  return new RiskgraphError({
    code: 'CONFLICT',
    message: `the query of ${view.id} as of ${formatInstant(asOf)} failed: ${refusal.message}`,
    hint: `write one that runs as the next version, ${nextFile(view)}, and apply it: an applied version never changes`,
    cause: refusal,
  });
}

/** The value of a join key as a reason names it: modelers read reasons, and personal values masked, so a personal key is in the raw row alone. */
const shown = (view: View, name: string, value: string | undefined): string => {
  const isPersonal = view.origin.kind === 'query' && view.origin.tables.personalColumns.has(name);
  return isPersonal ? 'of the raw row' : value || 'NULL';
};

/** The rows of a run as its stage has them, read from those rows of the sources that `kept` says. */
function rowsOf(run: Run, kept: Kept | undefined, calendar: BusinessCalendar): Sql {
  const { view, asOf, knowledge } = run;
  const { tombstone, features } = computedColumns(view);
  const columns = [
    sql`${param('UInt32', run.id)}`,
    ...keyColumns(view).map((key) => sql`CAST(q.${key}, 'Nullable(String)')`),
    sql`${tombstone} AS _gone`,
    ...features,
  ];
  return sql`SELECT ${join(columns)} FROM (${viewQuery(view, { asOf, knowledge, ...(kept && { kept }) }, calendar)}) AS q`;
}

/** Any as-of gives the same plan. */
const PLANNED_AS_OF = Date.UTC(2026, 0, 1);

/** See OfflineReader.planQuery. */
export const planQuery = ({ store, calendar }: Parts, view: View): Promise<string | null> =>
  planSelect(store, plannedRows(view, calendar));

/** See OfflineReader.planSelect. */
export const planSelect = (store: ClickHouse, select: Sql): Promise<string | null> =>
  refusedWords(store, 'query-plan', sql`EXPLAIN ${select}`);

/** Runs the query of a view where all tables are empty, and keeps nothing. @returns what the engine says against it, null where it runs */
export const tryQuery = ({ store, calendar }: Parts, view: View): Promise<string | null> =>
  refusedWords(store, 'view-try', sql`${plannedRows(view, calendar)} FORMAT Null`);

const plannedRows = (view: View, calendar: BusinessCalendar): Sql =>
  rowsOf({ id: 0, view, asOf: PLANNED_AS_OF, knowledge: PLANNED_AS_OF + view.delayMs }, undefined, calendar);

async function refusedWords(store: ClickHouse, label: string, statement: Sql): Promise<string | null> {
  try {
    await store.run(label, statement, { refusalIsAnswer: true });
    return null;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    return refusal.message;
  }
}

/**
 * Adds the rows of a run to the table `into`.
 * @returns the keys that are set aside, which the quarantine names. Their source rows are as if they were not imported, for others too.
 */
export async function computeRun(parts: Parts, run: Run, into: Sql): Promise<readonly HashedKey[]> {
  const { store, calendar } = parts;
  const { view } = run;
  const sought = new SourceKeys(parts, run, (kept) => rowsOf(run, kept, calendar));
  const insert = async (rows: Sql, { length }: readonly HashedKey[]): Promise<void> => {
    if (length > 0) {
      // Blocks of rows that were written before the failure.
      await store.run('stage-clear', sql`ALTER TABLE ${into} DELETE WHERE _run = ${run.id}`, {
        settings: { mutations_sync: '1' },
      });
    }
    await store.run('stage-compute', sql`INSERT INTO ${into} (${rowColumns(view)}) ${rows}`, { settings: BOUNDED });
  };
  const result = await sought.insertWithoutFaulty(insert, (unfinished) => sought.name(unfinished));
  await sought.name(result);
  return result.found;
}

/**
 * Inserts the keys that the query of a run would give if no source row had been deleted, but of those that it sets aside. A key whose deleted rows it
 * cannot compute is among them too.
 */
export async function insertUndeleted(
  parts: Parts,
  run: Run,
  setAside: readonly HashedKey[],
  insert: (keys: Sql) => Promise<void>,
): Promise<void> {
  const { view } = run;
  const typed = keyColumns(view).map((key) => sql`CAST(q.${key}, 'Nullable(String)') AS ${key}`);
  const others = setAside.length === 0 ? (): null => null : keptOf(view, without(setAside));
  const query = (some: Kept = () => null): Sql => {
    const kept: Kept = (table) => {
      const filters = [some(table), others(table)].filter((filter) => filter !== null);
      return filters.length === 0 ? null : join(filters, ' AND ');
    };
    return sql`SELECT ${join(typed)} FROM (${viewQuery(view, { ...run, undeleted: true, kept }, parts.calendar)}) AS q`;
  };
  const sought = new SourceKeys(parts, run, query);
  await sought.insertWithoutFaulty((keys, faulty) =>
    insert(faulty.length === 0 ? keys : sql`${keys} UNION ALL ${sought.deleted(faulty)}`),
  );
}

/**
 * The condition on versions `v` of rows of a source that were deleted by some time, each of which may say whose it was: the deletion itself need not.
 * @param also a condition on the deletion `v`
 */
export function ofDeleted({ name, key: columns }: SourceTable, by: Instant, also: Sql = sql`1`): Sql {
  const key = join(columns.map(ident));
  return sql`(${key}) IN (SELECT ${key} FROM ${ident(name)} AS v WHERE v.deleted = 1 AND v.ingested_at <= ${instantSql(by)} AND ${also})`;
}

/** The hash of the key of a row `v`; a row without a key has that of an empty one. */
export const hashOf = ({ entity }: View): Sql =>
  sql`cityHash64(${join(entity.joinKeys.map((key) => sql`ifNull(toString(v.${ident(key)}), '')`))})`;

const keptOf = (view: View, group: KeyGroup): Kept => {
  const keyed = new Set(keyedSources(view));
  return (table) => (keyed.has(table) ? group(hashOf(view)) : null);
};

type Kept = NonNullable<ViewQueryOptions['kept']>;

/** What was found of the keys at fault: none where the query computes. */
interface Found {
  readonly found: readonly HashedKey[];
  readonly words: string;
  readonly suspects: readonly HashedKey[];
}

/** The keys of the sources that a run reads, and tries of a query of the run with some of them. */
class SourceKeys implements TriedQuery {
  private readonly tables: readonly string[];

  constructor(
    private readonly parts: Parts,
    private readonly run: Run,
    private readonly query: (kept?: Kept) => Sql,
  ) {
    this.tables = keyedSources(run.view);
  }

  /**
   * @param insert called with the rows of all keys, and again, where a value makes it fail, with those of all but the keys at fault
   * @param unfinished called with what a search found that ended too early; the next one has those as suspects
   */
  async insertWithoutFaulty(
    insert: (rows: Sql, faulty: readonly HashedKey[]) => Promise<void>,
    unfinished: (found: Found) => Promise<void> = async () => undefined,
  ): Promise<Found> {
    const { view, asOf } = this.run;
    try {
      await insert(this.query(), []);
      return { found: [], words: '', suspects: [] };
    } catch (error) {
      const words = valueRefusal(error)?.message;
      if (words === undefined || this.tables.length === 0) throw explained(view, asOf, error);
      const suspects = await this.suspects();
      const { found, unfound } = await keysAtFault(this, suspects);
      if (unfound === 'NO_KEY') throw explained(view, asOf, error);
      if (unfound === 'UNFINISHED') await unfinished({ found, words, suspects });
      if (unfound !== null) throw tooMany(this.run, words, error);
      const rows = this.query(keptOf(view, without(found)));
      await insert(rows, found).catch((cause) => Promise.reject(explained(view, asOf, cause)));
      return { found, words, suspects };
    }
  }

  /** A SELECT of those of the keys that have a deleted row. */
  deleted(keys: readonly HashedKey[]): Sql {
    const { view } = this.run;
    const typed = view.entity.joinKeys.map((name) => sql`CAST(v.${ident(name)}, 'Nullable(String)') AS ${ident(name)}`);
    const rows = this.each(
      (table) =>
        sql`${join(typed)}, ${hashOf(view)} AS _hash, ${ofDeleted(sourceOf(view, table), this.run.knowledge)} AS _deleted`,
    );
    return sql`SELECT ${join(keyColumns(view))} FROM (${rows}) WHERE _deleted = 1 AND ${among(keys)(raw('_hash'))}`;
  }

  computes(group: KeyGroup): Promise<boolean> {
    return this.works(keptOf(this.run.view, group));
  }

  async keys({ from, to }: Parameters<TriedQuery['keys']>[0]): Promise<readonly HashedKey[]> {
    const { joinKeys } = this.run.view.entity;
    const key = join(joinKeys.map((name) => sql`ifNull(toString(v.${ident(name)}), '')`));
    const range = sql`h BETWEEN ${param('UInt64', String(from))} AND ${param('UInt64', String(to))}`;
    return this.parts.store.rows(
      'stage-keys',
      sql`SELECT DISTINCT key, toString(h) AS hash FROM (${this.each(() => sql`[${key}] AS key, ${hashOf(this.run.view)} AS h`)}) WHERE ${range} ORDER BY h`,
      { settings: BOUNDED },
    );
  }

  async countKeys(): Promise<number> {
    const [answer] = await this.parts.store.rows<{ total: string }>(
      'stage-keys',
      sql`SELECT uniq(hash) AS total FROM (${this.each(() => sql`${hashOf(this.run.view)} AS hash`)})`,
    );
    return Number(answer?.total ?? 0);
  }

  /** Keys that earlier runs of the view have set aside. */
  suspects(): Promise<readonly HashedKey[]> {
    const parts = this.run.view.entity.joinKeys.map((_, index) => raw(`key[${index + 1}]`));
    return this.parts.store.rows(
      'stage-suspects',
      sql`SELECT JSONExtract(raw, 'Array(String)') AS key, toString(cityHash64(${join(parts)})) AS hash
        FROM source_quarantine WHERE import_id = ${this.run.view.id} AND raw != ''
        GROUP BY raw ORDER BY max(at) DESC LIMIT ${param('UInt32', MOST_KEYS)}`,
    );
  }

  /** Names keys in the quarantine of the table whose rows are at fault. */
  async name({ found, words, suspects }: Found): Promise<void> {
    const { view } = this.run;
    const named = new Set(suspects.map(({ hash }) => hash));
    const fresh = found.filter(({ hash }) => !named.has(hash));
    if (fresh.length === 0) return;
    const tableOfAll = await this.tableAtFault(fresh);
    const leftOut = [];
    for (const each of fresh) {
      const { key } = each;
      const who = view.entity.joinKeys.map((name, index) => `${name} ${shown(view, name, key[index])}`).join(', ');
      leftOut.push({
        table: tableOfAll ?? (await this.tableAtFault([each])) ?? (this.tables.at(-1) as string),
        column: null,
        reason: `${who} is set aside from ${view.id} until the values here are corrected by another import, or deleted: ${words}`,
        raw: JSON.stringify(key),
      });
    }
    await nameInQuarantine(this.parts.store, leftOut, { by: view.id });
  }

  /** The first table without whose rows of these keys the query computes; null where there is none. */
  private async tableAtFault(keys: readonly HashedKey[]): Promise<string | null> {
    const own = keptOf(this.run.view, among(keys));
    if (this.tables.length === 1) return this.tables[0] as string;
    for (const table of this.tables) {
      if (await this.works((name) => (name === table ? sql`0` : own(name)))) return table;
    }
    return null;
  }

  private async works(kept: Kept): Promise<boolean> {
    const { store, signal } = this.parts;
    signal?.throwIfAborted();
    try {
      const rows = sql`${this.query(kept)} FORMAT Null`;
      await store.run('stage-try', rows, { settings: BOUNDED, refusalIsAnswer: true, signal });
      return true;
    } catch (error) {
      if (valueRefusal(error) === null) throw error;
      return false;
    }
  }

  /** Columns of the rows of every keyed source that the run knows. */
  private each(columns: (table: string) => Sql): Sql {
    const known = instantSql(this.run.knowledge);
    const selects = this.tables.map(
      (name) => sql`SELECT ${columns(name)} FROM ${ident(name)} AS v WHERE v.ingested_at <= ${known}`,
    );
    return join(selects, ' UNION ALL ');
  }
}

const tooMany = ({ view, asOf }: Run, words: string, error: unknown): RiskgraphError =>
  new RiskgraphError({
    code: 'CONFLICT',
    message: `the query of ${view.id} as of ${formatInstant(asOf)} fails with the source rows of too many entities: ${words}`,
    hint: `at most ${MOST_KEYS} entities, and no more than half of all, are set aside: correct their rows, or write the next version, ${nextFile(view)}, so that it can hold such values`,
    cause: (error as RiskgraphError).cause,
  });
