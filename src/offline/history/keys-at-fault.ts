/**
 * The search for the few keys with whose rows a query cannot compute: with each of them alone, or with several together, of which the last is at
 * fault. Parts of the keys are tried; what fails is halved. Where single keys take too long, whole ranges of hashes are found instead.
 */
import { sql } from '../../core/definitions/sql.js';
import {
  type Aside,
  asRange,
  entitiesOf,
  type HashedKey,
  type HashRange,
  isRange,
  type KeyGroup,
  within,
  without,
} from './aside.js';

export interface TriedQuery {
  /** Whether the query computes with the rows of these keys alone. */
  computes(group: KeyGroup): Promise<boolean>;
  /** By hash. */
  keys(range: HashRange): Promise<readonly HashedKey[]>;
  /** The number of keys, about. */
  countKeys(): Promise<number>;
  /** After how many seconds ranges are looked for, no longer single keys; absent: 300. */
  readonly singlesSeconds?: number | undefined;
}

/** What earlier searches found. */
export interface Suspects {
  readonly keys: readonly HashedKey[];
  readonly ranges: readonly HashRange[];
}

/** More single keys have no room in the text of a query. */
export const MOST_KEYS = 1_000;
/** More than half of all keys are no exception: then the query is not made for such values. Of a few keys all may be. */
const FEW_KEYS = 3;
/** A key among a million is found in about 20 tries, each about half as long as the query. */
const SINGLES_SECONDS = 300;
/** Keys that are halved as a list, not as a range; a range of so many is set aside as a whole. */
const LISTED = 500;
const EVERY_HASH: HashRange = { from: 0n, to: 2n ** 64n - 1n };

/**
 * - NO_KEY: the query fails without the rows of any key.
 * - TOO_MANY: the query fails with more than half of all keys.
 */
type Unfound = 'NO_KEY' | 'TOO_MANY';

/** What a search found, and why it ended before it found all; null where the query computes without what it found. */
export interface SearchResult {
  readonly found: readonly Aside[];
  readonly unfound: Unfound | null;
}

class Unsearchable extends Error {
  constructor(readonly why: Unfound) {
    super(why);
  }
}

/** Single keys take too long, or are too many. */
class TakesRanges extends Error {}

const upTo = (last: bigint): KeyGroup => within({ from: 0n, to: last });

const EVERY_KEY: KeyGroup = () => sql`1`;

/** Keys in an order: a first part of them that fails ends with a key at fault, where the part before it computes. */
class Search {
  found: readonly Aside[] = [];
  private size = 0;
  private from = 0n;
  private ends = Number.POSITIVE_INFINITY;

  constructor(
    private readonly query: TriedQuery,
    private readonly suspects: Suspects,
  ) {}

  async run(): Promise<void> {
    if (!(await this.computes(() => sql`0`))) throw new Unsearchable('NO_KEY');
    this.size = await this.query.countKeys();
    for (const range of this.suspects.ranges) this.add(await this.failing(range));
    this.ends = performance.now() + (this.query.singlesSeconds ?? SINGLES_SECONDS) * 1000;
    try {
      await this.singles(this.suspects.keys);
    } catch (error) {
      if (!(error instanceof TakesRanges)) throw error;
      this.ends = Number.POSITIVE_INFINITY;
      await this.ranges();
    }
  }

  /** All other keys first, with which the query must compute before it is tried with suspects. */
  private async singles(suspects: readonly HashedKey[]): Promise<void> {
    const others = without(suspects);
    while (!(await this.computes(others))) await this.amongOthers(others);
    let from = 0;
    while (!(await this.computes(EVERY_KEY))) {
      from = await this.end(from, suspects.length - 1, (last) => without(suspects.slice(last + 1)));
      this.addKey(suspects[from]);
    }
  }

  private async ranges(): Promise<void> {
    // To try each takes too long: what earlier runs have set aside stays so.
    const hashes = new Set(this.found.map((each) => (isRange(each) ? null : each.hash)));
    this.add(this.suspects.keys.filter(({ hash }) => !hashes.has(hash)));
    while (!(await this.computes(EVERY_KEY))) this.add(await this.failing(EVERY_HASH));
  }

  /** Whether the query computes with these keys but those that are found. */
  private computes(group: KeyGroup): Promise<boolean> {
    if (performance.now() > this.ends) throw new TakesRanges();
    const rest = without(this.found);
    return this.query.computes((hash) => sql`${group(hash)} AND ${rest(hash)}`);
  }

  /** The smallest ranges in a range that fail alone; none where it computes. */
  private async failing(range: HashRange): Promise<readonly Aside[]> {
    const { from, to } = range;
    if (await this.computes(within(range))) return [];
    if (this.keysIn(range) <= LISTED) return [asRange(range, (await this.query.keys(range)).length)];
    const middle = (from + to) / 2n;
    const halves = [...(await this.failing({ from, to: middle })), ...(await this.failing({ from: middle + 1n, to }))];
    if (halves.length > 0) return halves;
    // Keys of both fail only together.
    const last = await this.narrowed(range, (end) => within({ from, to: end }));
    return [asRange(last, (await this.query.keys(last)).length)];
  }

  private keysIn({ from, to }: HashRange): number {
    return (Number(to - from) / 2 ** 64) * this.size;
  }

  /** Halves a range down to a list: to the end of its shortest first part that fails. */
  private async narrowed({ from, to }: HashRange, part: (last: bigint) => KeyGroup): Promise<HashRange> {
    for (let left = this.keysIn({ from, to }); left > LISTED; left /= 2) {
      const middle = (from + to) / 2n;
      if (await this.computes(part(middle))) from = middle + 1n;
      else to = middle;
    }
    return { from, to };
  }

  /** By hash, from the first on that is not known to compute: halved as a range while they are many, then as a list. */
  private async amongOthers(others: KeyGroup): Promise<void> {
    const first =
      (last: bigint): KeyGroup =>
      (hash) =>
        sql`${upTo(last)(hash)} AND ${others(hash)}`;
    const keys = await this.query.keys(await this.narrowed({ from: this.from, to: EVERY_HASH.to }, first));
    const last = await this.end(0, keys.length - 1, (index) => first(BigInt((keys[index] as HashedKey).hash)));
    this.addKey(keys[last]);
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

  private addKey(key: HashedKey | undefined): void {
    if (!key) throw new Unsearchable('NO_KEY');
    if (this.found.length >= MOST_KEYS) throw new TakesRanges();
    this.add([key]);
  }

  private add(more: readonly Aside[]): void {
    this.found = [...this.found, ...more];
    if (more.length > 0 && entitiesOf(this.found) > Math.max(FEW_KEYS, this.size / 2))
      throw new Unsearchable('TOO_MANY');
  }
}

/** Finds the keys without which the query computes; suspects are tried last. */
export async function keysAtFault(query: TriedQuery, suspects: Suspects): Promise<SearchResult> {
  const search = new Search(query, suspects);
  try {
    await search.run();
    return { found: search.found, unfound: null };
  } catch (error) {
    if (error instanceof Unsearchable) return { found: search.found, unfound: error.why };
    throw error;
  }
}
