/** The keys of the sources of a run, and the search for those with whose rows its query cannot compute. */
import { nextFile } from '../../core/definitions/definition-kinds.js';
import type { View } from '../../core/definitions/definitions.js';
import { ident, instantSql, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { RiskgraphError } from '../../core/errors.js';
import { type BusinessCalendar, formatInstant, type Instant } from '../../core/helpers/time.js';
import type { SourceTable } from '../../core/lending/sources.js';
import type { Run } from '../../core/ports/offline.js';
import { BOUNDED } from '../../warehouse/bounded.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { refusalOf, valueRefusal } from '../../warehouse/failures.js';
import { nameInQuarantine } from '../../warehouse/quarantine.js';
import {
  type Aside,
  among,
  asRange,
  type HashedKey,
  type HashRange,
  hashOf,
  isRange,
  type KeyGroup,
  namedKeys,
  namedRanges,
  nameOf,
  within,
  without,
} from './aside.js';
import { keysAtFault, MOST_KEYS, type TriedQuery } from './keys-at-fault.js';
import { keyColumns } from './tables.js';
import { keyedSources, sourceOf, type ViewQueryOptions } from './view-sql.js';

export interface Parts {
  readonly store: ClickHouse;
  readonly calendar: BusinessCalendar;
  /** Ends a search for keys at fault, which may take minutes. */
  readonly signal?: AbortSignal | undefined;
  /** See TriedQuery. */
  readonly singlesSeconds?: number | undefined;
}

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

/** What is set aside, as the beginning of a sentence. Which one of a range is at fault is not known. */
function spoken(view: View, aside: Aside): string {
  const { joinKeys } = view.entity;
  if (!isRange(aside)) {
    return `${joinKeys.map((name, index) => `${name} ${shown(view, name, aside.key[index])}`).join(', ')} is`;
  }
  const { from, to, entities } = aside;
  return `one or more of ${entities} entities, those with cityHash64(${joinKeys.join(', ')}) from ${from} to ${to}, cannot be computed: all of them are`;
}

/** The value of a join key as a reason names it: modelers read reasons, and personal values masked, so a personal key is in the raw row alone. */
const shown = (view: View, name: string, value: string | undefined): string => {
  const isPersonal = view.origin.kind === 'query' && view.origin.tables.personalColumns.has(name);
  return isPersonal ? 'of the raw row' : value || 'NULL';
};

/**
 * The condition on versions `v` of rows of a source that were deleted by some time, each of which may say whose it was: the deletion itself need not.
 * @param also a condition on the deletion `v`
 */
export function ofDeleted({ name, key: columns }: SourceTable, by: Instant, also: Sql = sql`1`): Sql {
  const key = join(columns.map(ident));
  return sql`(${key}) IN (SELECT ${key} FROM ${ident(name)} AS v WHERE v.deleted = 1 AND v.ingested_at <= ${instantSql(by)} AND ${also})`;
}

export const keptOf = (view: View, group: KeyGroup): Kept => {
  const keyed = new Set(keyedSources(view));
  return (table) => (keyed.has(table) ? group(hashOf(view)) : null);
};

export type Kept = NonNullable<ViewQueryOptions['kept']>;

/** What was found at fault: nothing where the query computes. `names` are those that the quarantine has already. */
interface Found {
  readonly found: readonly Aside[];
  readonly words: string;
  readonly named: ReadonlySet<string>;
}

/** The keys of the sources that a run reads, and tries of a query of the run with some of them. */
export class SourceKeys implements TriedQuery {
  private readonly tables: readonly string[];

  constructor(
    private readonly parts: Parts,
    private readonly run: Run,
    private readonly query: (kept?: Kept) => Sql,
  ) {
    this.tables = keyedSources(run.view);
  }

  /** @param insert called with the rows of all keys, and again, where a value makes it fail, with those of all but what is at fault */
  async insertWithoutFaulty(insert: (rows: Sql, faulty: readonly Aside[]) => Promise<void>): Promise<Found> {
    const { view, asOf } = this.run;
    try {
      await insert(this.query(), []);
      return { found: [], words: '', named: new Set() };
    } catch (error) {
      const words = valueRefusal(error)?.message;
      if (words === undefined || this.tables.length === 0) throw explained(view, asOf, error);
      const { store } = this.parts;
      const [keys, ranges] = [await namedKeys(store, view, MOST_KEYS), await namedRanges(store, view)];
      const { found, unfound } = await keysAtFault(this, { keys, ranges });
      if (unfound === 'NO_KEY') throw explained(view, asOf, error);
      if (unfound !== null) throw tooMany(this.run, words, error);
      const rows = this.query(keptOf(view, without(found)));
      await insert(rows, found).catch((cause) => Promise.reject(explained(view, asOf, cause)));
      const named = [...keys, ...ranges.map((range) => asRange(range, 0))].map(nameOf);
      return { found, words, named: new Set(named) };
    }
  }

  /** A SELECT of those of the keys that have a deleted row. */
  deleted(keys: readonly Aside[]): Sql {
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

  get singlesSeconds(): number | undefined {
    return this.parts.singlesSeconds;
  }

  async keys(range: HashRange): Promise<readonly HashedKey[]> {
    const { joinKeys } = this.run.view.entity;
    const key = join(joinKeys.map((name) => sql`ifNull(toString(v.${ident(name)}), '')`));
    return this.parts.store.rows(
      'stage-keys',
      sql`SELECT DISTINCT key, toString(h) AS hash FROM (${this.each(() => sql`[${key}] AS key, ${hashOf(this.run.view)} AS h`)}) WHERE ${within(range)(raw('h'))} ORDER BY h`,
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

  /** Names in the quarantine of the table whose rows are at fault what it does not name yet. */
  async name({ found, words, named }: Found): Promise<void> {
    const { view } = this.run;
    const fresh = found.filter((each) => !named.has(nameOf(each)));
    if (fresh.length === 0) return;
    const tableOfAll = await this.tableAtFault(fresh);
    const leftOut = [];
    for (const each of fresh) {
      leftOut.push({
        table: tableOfAll ?? (await this.tableAtFault([each])) ?? (this.tables.at(-1) as string),
        column: null,
        reason: `${spoken(view, each)} set aside from ${view.id} until the values here are corrected by another import, or deleted: ${words}`,
        raw: nameOf(each),
      });
    }
    await nameInQuarantine(this.parts.store, leftOut, { by: view.id });
  }

  /** The first table without whose rows of these keys the query computes; null where there is none. */
  private async tableAtFault(keys: readonly Aside[]): Promise<string | null> {
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
    hint: `no more than half of all entities are set aside: correct their rows, or write the next version, ${nextFile(view)}, so that it can hold such values`,
    cause: (error as RiskgraphError).cause,
  });
