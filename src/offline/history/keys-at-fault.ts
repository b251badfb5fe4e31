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

/** More keys, or more than half of all, are no exception: then the query is not made for such values. */
export const MOST_KEYS = 50;
/** A key among a million is found in about 20 tries, each about half as long as the query. */
const MOST_TRIES = 1_200;
/** Keys that are halved as a list, not as a range. */
const LISTED = 500;
const LAST_HASH = 2n ** 64n - 1n;

/**
 * - NO_KEY: the query fails without the rows of any key.
 * - TOO_MANY: more keys are at fault, or more tries are needed, than may be.
 */
export type Unfound = 'NO_KEY' | 'TOO_MANY';

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
  private tries = 0;
  private found: readonly HashedKey[] = [];

  constructor(private readonly query: TriedQuery) {}

  async keysAtFault(suspects: readonly HashedKey[]): Promise<readonly HashedKey[]> {
    if (!(await this.computes(() => sql`0`))) throw new Unsearchable('NO_KEY');
    if (suspects.length > 0 && (await this.computes(without(suspects)))) await this.amongSuspects(suspects);
    else await this.amongAll(await this.query.countKeys());
    return this.found;
  }

  /** Whether the query computes with these keys but those that are found. */
  private computes(group: KeyGroup): Promise<boolean> {
    if (++this.tries > MOST_TRIES) throw new Unsearchable('TOO_MANY');
    const rest = without(this.found);
    return this.query.computes((hash) => sql`${group(hash)} AND ${rest(hash)}`);
  }

  /** All other keys first, which compute. */
  private async amongSuspects(suspects: readonly HashedKey[]): Promise<void> {
    let from = 0;
    do {
      from = await this.end(from, suspects.length - 1, (last) => without(suspects.slice(last + 1)));
      this.add(suspects[from]);
    } while (!(await this.computes(EVERY_KEY)));
  }

  /** By hash: halved as a range while they are many, then as a list. */
  private async amongAll(size: number): Promise<void> {
    let from = 0n;
    do {
      let to = LAST_HASH;
      for (let left = size; left > LISTED; left /= 2) {
        const middle = (from + to) / 2n;
        if (await this.computes(upTo(middle))) from = middle + 1n;
        else to = middle;
      }
      const keys = await this.query.keys({ from, to });
      const last = await this.end(0, keys.length - 1, (index) => upTo(BigInt((keys[index] as HashedKey).hash)));
      this.add(keys[last]);
      if (this.found.length * 2 > size) throw new Unsearchable('TOO_MANY');
      from = BigInt((keys[last] as HashedKey).hash) + 1n;
    } while (!(await this.computes(EVERY_KEY)));
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
    if (this.found.length === MOST_KEYS) throw new Unsearchable('TOO_MANY');
    this.found = [...this.found, key];
  }
}

/** Finds the keys without which the query computes; `suspects`, those of an earlier run, are tried first. */
export async function keysAtFault(
  query: TriedQuery,
  suspects: readonly HashedKey[],
): Promise<readonly HashedKey[] | Unfound> {
  try {
    return await new Search(query).keysAtFault(suspects);
  } catch (error) {
    if (error instanceof Unsearchable) return error.why;
    throw error;
  }
}
