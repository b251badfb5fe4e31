/**
 * The search for the few keys with whose rows a query cannot compute: with each of them alone, or with several together, of which the last is at
 * fault. Parts of the keys are tried; what fails is halved.
 */
import { param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { EntityKey } from '../../core/ports/offline.js';

/** A key and its 64-bit hash, by which a try chooses. */
export interface HashedKey {
  readonly key: EntityKey;
  /** In decimal digits. */
  readonly hash: string;
}

/** A part of the keys, as a condition on their hash. */
export type KeyGroup = (hash: Sql) => Sql;

export interface HashRange {
  readonly from: bigint;
  readonly to: bigint;
}

export interface TriedQuery {
  /** Whether the query computes with the rows of these keys alone. */
  computes(group: KeyGroup): Promise<boolean>;
  /** By hash. */
  keys(range: HashRange): Promise<readonly HashedKey[]>;
  /** The number of keys, about. */
  countKeys(): Promise<number>;
}

/** More keys have no room in the text of a query. */
export const MOST_KEYS = 1_000;
/** More than half of all keys are no exception: then the query is not made for such values. Of a few keys all may be. */
const FEW_KEYS = 3;
/** A key among a million is found in about 20 tries, each about half as long as the query. */
const MOST_SECONDS = 300;
/** Keys that are halved as a list, not as a range. */
const LISTED = 500;
const LAST_HASH = 2n ** 64n - 1n;

/**
 * - NO_KEY: the query fails without the rows of any key.
 * - TOO_MANY: the query fails with more than half of all keys.
 * - UNFINISHED: more keys are at fault, or more time is needed, than a search may have.
 */
type Unfound = 'NO_KEY' | 'TOO_MANY' | 'UNFINISHED';

/** What a search found, and why it ended before it found all; null where the query computes without what it found. */
export interface SearchResult {
  readonly found: readonly HashedKey[];
  readonly unfound: Unfound | null;
}

class Unsearchable extends Error {
  constructor(readonly why: Unfound) {
    super(why);
  }
}

/** In the text of the query: parameters travel in the URL, which has no room for hundreds. */
const listOf = (keys: readonly HashedKey[]): Sql => raw(keys.map(({ hash }) => String(BigInt(hash))).join(', '));

/** These keys alone. */
export const among =
  (keys: readonly HashedKey[]): KeyGroup =>
  (hash) =>
    keys.length === 0 ? sql`0` : sql`${hash} IN (${listOf(keys)})`;

/** All keys but these. */
export const without =
  (keys: readonly HashedKey[]): KeyGroup =>
  (hash) =>
    sql`NOT (${among(keys)(hash)})`;

const upTo = (last: bigint): KeyGroup => {
  const bound = param('UInt64', String(last));
  return (hash) => sql`${hash} <= ${bound}`;
};

const EVERY_KEY: KeyGroup = () => sql`1`;

/** Keys in an order: a first part of them that fails ends with a key at fault, where the part before it computes. */
class Search {
  found: readonly HashedKey[] = [];
  private size = 0;
  private from = 0n;
  private readonly began = performance.now();

  constructor(private readonly query: TriedQuery) {}

  /** All other keys first, with which the query must compute before it is tried with suspects. */
  async run(suspects: readonly HashedKey[]): Promise<void> {
    if (!(await this.computes(() => sql`0`))) throw new Unsearchable('NO_KEY');
    this.size = await this.query.countKeys();
    const others = without(suspects);
    while (!(await this.computes(others))) await this.amongOthers(others);
    let from = 0;
    while (!(await this.computes(EVERY_KEY))) {
      from = await this.end(from, suspects.length - 1, (last) => without(suspects.slice(last + 1)));
      this.add(suspects[from]);
    }
  }

  /** Whether the query computes with these keys but those that are found. */
  private computes(group: KeyGroup): Promise<boolean> {
    if (performance.now() - this.began > MOST_SECONDS * 1000) throw new Unsearchable('UNFINISHED');
    const rest = without(this.found);
    return this.query.computes((hash) => sql`${group(hash)} AND ${rest(hash)}`);
  }

  /** By hash, from the first on that is not known to compute: halved as a range while they are many, then as a list. */
  private async amongOthers(others: KeyGroup): Promise<void> {
    const first =
      (last: bigint): KeyGroup =>
      (hash) =>
        sql`${upTo(last)(hash)} AND ${others(hash)}`;
    let { from } = this;
    let to = LAST_HASH;
    for (let left = this.size; left > LISTED; left /= 2) {
      const middle = (from + to) / 2n;
      if (await this.computes(first(middle))) from = middle + 1n;
      else to = middle;
    }
    const keys = await this.query.keys({ from, to });
    const last = await this.end(0, keys.length - 1, (index) => first(BigInt((keys[index] as HashedKey).hash)));
    this.add(keys[last]);
    this.from = BigInt((keys[last] as HashedKey).hash) + 1n;
  }

  /** The end of the shortest first part that fails, where the part up to `to` does. */
  private async end(from: number, to: number, part: (last: number) => KeyGroup): Promise<number> {
    let [low, high] = [from, to];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (await this.computes(part(middle))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private add(key: HashedKey | undefined): void {
    if (!key) throw new Unsearchable('NO_KEY');
    if (this.found.length === MOST_KEYS) throw new Unsearchable('UNFINISHED');
    if (this.found.length + 1 > Math.max(FEW_KEYS, this.size / 2)) throw new Unsearchable('TOO_MANY');
    this.found = [...this.found, key];
  }
}

/** Finds the keys without which the query computes; `suspects`, those of an earlier search, are tried last. */
export async function keysAtFault(query: TriedQuery, suspects: readonly HashedKey[]): Promise<SearchResult> {
  const search = new Search(query);
  try {
    await search.run(suspects);
    return { found: search.found, unfound: null };
  } catch (error) {
    if (error instanceof Unsearchable) return { found: search.found, unfound: error.why };
    throw error;
  }
}
