/** What runs set aside: single keys, or all keys of a range of hashes; as conditions on hashes, and as the quarantine names it. */
import type { View } from '../../core/definitions/definitions.js';
import { join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { EntityKey, KeyRange } from '../../core/ports/offline.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { keyColumns } from './tables.js';

/** A key and its 64-bit hash, by which a try chooses. */
export interface HashedKey {
  readonly key: EntityKey;
  /** In decimal digits. */
  readonly hash: string;
}

/** Both ends included. */
export interface HashRange {
  readonly from: bigint;
  readonly to: bigint;
}

export type Aside = HashedKey | KeyRange;

/** A part of the keys, as a condition on their hash. */
export type KeyGroup = (hash: Sql) => Sql;

export const isRange = (aside: Aside): aside is KeyRange => !('hash' in aside);
export const asRange = ({ from, to }: HashRange, entities: number): KeyRange => ({
  from: String(from),
  to: String(to),
  entities,
});
const ofRange = ({ from, to }: KeyRange): HashRange => ({ from: BigInt(from), to: BigInt(to) });

export const keysOf = (asides: readonly Aside[]): readonly HashedKey[] =>
  asides.flatMap((each) => (isRange(each) ? [] : [each]));
export const rangesOf = (asides: readonly Aside[]): readonly KeyRange[] => asides.filter(isRange);

export const entitiesOf = (asides: readonly Aside[]): number =>
  asides.reduce((total, each) => total + (isRange(each) ? each.entities : 1), 0);

export const within =
  ({ from, to }: HashRange): KeyGroup =>
  (hash) =>
    sql`(${hash} BETWEEN ${raw(String(from))} AND ${raw(String(to))})`;

/**
 * These keys alone, in the text of the query: parameters travel in the URL, which has no room for hundreds. Ranges are halves of halves, so that those
 * of one width are told by the first bits of their hashes, whatever their number.
 */
export const among =
  (asides: readonly Aside[]): KeyGroup =>
  (hash) => {
    const starts = new Map<number, bigint[]>();
    for (const { from, to } of rangesOf(asides).map(ofRange)) {
      const bits = (to - from).toString(2).length;
      starts.set(bits, [...(starts.get(bits) ?? []), from >> BigInt(bits)]);
    }
    const ranges = [...starts].map(
      ([bits, firsts]) => sql`bitShiftRight(${hash}, ${raw(String(bits))}) IN (${raw(firsts.join(', '))})`,
    );
    const keys = keysOf(asides).map((each) => String(BigInt(each.hash)));
    const parts = keys.length === 0 ? ranges : [sql`${hash} IN (${raw(keys.join(', '))})`, ...ranges];
    return parts.length === 0 ? sql`0` : sql`(${join(parts, ' OR ')})`;
  };

/** All keys but these. */
export const without =
  (asides: readonly Aside[]): KeyGroup =>
  (hash) =>
    sql`NOT ${among(asides)(hash)}`;

/** The hash of the key of a row; a row without a key has that of an empty one. @param of what stands before a column's name */
export const hashOf = (view: View, of: Sql = raw('v.')): Sql =>
  sql`cityHash64(${join(keyColumns(view).map((key) => sql`ifNull(toString(${of}${key}), '')`))})`;

/** What the quarantine says of it, by which later runs know it again. */
export const nameOf = (aside: Aside): string =>
  JSON.stringify(isRange(aside) ? { from: aside.from, to: aside.to } : aside.key);

/** A SELECT of the names that some run of the view has given, newest first. */
const namesSql = (view: View, begin: string): Sql =>
  sql`SELECT raw FROM source_quarantine WHERE import_id = ${view.id} AND startsWith(raw, ${begin}) GROUP BY raw ORDER BY max(at) DESC`;

/** Keys that earlier runs of the view have set aside, the newest `most` of them. */
export function namedKeys(store: ClickHouse, view: View, most: number): Promise<readonly HashedKey[]> {
  const parts = view.entity.joinKeys.map((_, index) => raw(`key[${index + 1}]`));
  return store.rows(
    'stage-suspects',
    sql`SELECT JSONExtract(raw, 'Array(String)') AS key, toString(cityHash64(${join(parts)})) AS hash
      FROM (${namesSql(view, '[')} LIMIT ${raw(String(most))})`,
  );
}

/** Ranges that earlier runs of the view have set aside, without those that lie in another. */
export async function namedRanges(store: ClickHouse, view: View): Promise<readonly HashRange[]> {
  const found = await store.rows<{ raw: string }>('stage-suspects', namesSql(view, '{'));
  const ranges = found.map((each) => ofRange(JSON.parse(each.raw) as KeyRange));
  const isIn = (one: HashRange, other: HashRange): boolean =>
    one !== other && other.from <= one.from && one.to <= other.to;
  return ranges.filter((one) => !ranges.some((other) => isIn(one, other)));
}

/** The condition on history rows of keys that some run has set aside: an as-of may lack them though they have not ended. */
export async function everSetAside(store: ClickHouse, view: View): Promise<Sql> {
  const parts = view.entity.joinKeys.map((_, index) => raw(`key[${index + 1}]`));
  const single = sql`(${join(keyColumns(view))}) IN (SELECT ${join(parts)} FROM (
    SELECT JSONExtract(raw, 'Array(String)') AS key FROM (${namesSql(view, '[')})))`;
  const ranges = (await namedRanges(store, view)).map((range) => asRange(range, 0));
  return ranges.length === 0 ? single : sql`(${single} OR ${among(ranges)(hashOf(view, raw('')))})`;
}
