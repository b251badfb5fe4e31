/** The difference between two versions of a view, by what was published of both: the file of a retired version may be gone. */

import { SCHEME, schemeOf } from '../core/compute/definition-hash.js';
import type { Feature } from '../core/definitions/definitions.js';
import { DAY, HOUR, MINUTE, SECOND } from '../core/helpers/time.js';
import type { ViewDifference } from '../core/ports/browse.js';

type Published = Pick<Feature, 'name' | 'type' | 'description'> &
  Partial<Pick<Feature, 'unit' | 'tags' | 'fill' | 'length' | 'pad'>>;

/** The published snapshot of a view; see publishedView. */
export type ViewSnapshot = Readonly<Record<string, unknown>>;

/** Attributes that the first snapshots lack. They were added together, so one of them, for stored and for on-demand views, tells that all exist. */
const LATER = ['sources', 'inputs'] as const;
const LATER_ATTRIBUTES = ['fill', 'length', 'pad'] as const;

const FEATURE_ATTRIBUTES = ['type', 'length', 'pad', 'unit', 'fill', 'tags', 'description'] as const;
/** Attributes on which a reader of a feature relies. */
const BREAKING = new Set<string>(['type', 'length', 'entity', 'request']);

const duration = (ms: unknown): string | null => {
  if (typeof ms !== 'number') return null;
  const [unit, letter] = (
    [
      [DAY, 'd'],
      [HOUR, 'h'],
      [MINUTE, 'm'],
      [SECOND, 's'],
      [1, 'ms'],
    ] as const
  ).find(([length]) => ms % length === 0) as readonly [number, string];
  return `${ms / unit}${letter}`;
};

const text = (value: unknown): string =>
  value === null || value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
const or = (value: unknown): unknown => value ?? null;
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const featuresOf = (snapshot: ViewSnapshot): readonly Published[] =>
  (snapshot.features as readonly Published[] | undefined) ?? [];
const listOf = (value: unknown): readonly string[] => (Array.isArray(value) ? (value as string[]) : []);
/** Whether a snapshot has the facts that the first ones did not keep. */
export const isFull = (snapshot: ViewSnapshot): boolean => LATER.some((fact) => fact in snapshot);

/** The request inputs of an on-demand view, as `amount DECIMAL`; null for a stored view. */
const requestOf = ({ request }: ViewSnapshot): readonly string[] | null =>
  Array.isArray(request) ? (request as readonly Published[]).map(({ name, type }) => `${name} ${type}`) : null;

/** The feature inputs of its function, as `income = customer_profile@1:monthly_income`. */
const inputsOf = ({ inputs }: ViewSnapshot): readonly string[] | null =>
  Array.isArray(inputs)
    ? (inputs as readonly { name: string; reference: string }[]).map(({ name, reference }) => `${name} = ${reference}`)
    : null;

/** The view's own attributes, as its file writes them. */
const attributesOf = (snapshot: ViewSnapshot): Readonly<Record<string, unknown>> => {
  const { every, delay } = (snapshot.schedule ?? {}) as { readonly every?: string; readonly delay?: string };
  return {
    entity: or(snapshot.entity),
    schedule: or(every),
    delay: or(delay),
    ttl: duration(snapshot.ttlMs),
    maxAge: duration(snapshot.maxAgeMs),
    tombstone: or(snapshot.tombstone),
    // Stored views alone have one; those that say nothing keep.
    absent: 'ttlMs' in snapshot ? (snapshot.absent ?? 'keeps') : null,
    model: or(snapshot.scoresOf),
    request: requestOf(snapshot),
    inputs: inputsOf(snapshot),
    owner: or(snapshot.owner),
    tags: listOf(snapshot.tags),
    description: or(snapshot.description),
  };
};

/** A tag list has no order. */
const comparable = (attribute: string, value: unknown): unknown =>
  attribute === 'tags' ? [...listOf(value)].sort() : or(value);

function changed(options: {
  readonly feature: string | null;
  readonly attribute: string;
  readonly before: unknown;
  readonly after: unknown;
}): ViewDifference[] {
  const { feature, attribute } = options;
  const [before, after] = [comparable(attribute, options.before), comparable(attribute, options.after)];
  if (same(before, after)) return [];
  const what = feature === null ? attribute : `${attribute} of feature ${feature}`;
  return [
    {
      kind: feature === null ? 'VIEW_CHANGED' : 'FEATURE_CHANGED',
      feature,
      attribute,
      before,
      after,
      breaking: BREAKING.has(attribute),
      words: `${what}: ${text(before)} became ${text(after)}`,
    },
  ];
}

/** A difference in a source or the query, which no reader names. */
const inside = (change: Pick<ViewDifference, 'kind' | 'before' | 'after' | 'words'>): ViewDifference => ({
  feature: null,
  attribute: null,
  breaking: false,
  ...change,
});

function featureDifferences(from: ViewSnapshot, to: ViewSnapshot): ViewDifference[] {
  const [older, newer] = [featuresOf(from), featuresOf(to)];
  const byName = (list: readonly Published[]) => new Map(list.map((one) => [one.name, one] as const));
  const [before, after] = [byName(older), byName(newer)];
  const comparedAttributes = FEATURE_ATTRIBUTES.filter(
    (attribute) => (isFull(from) && isFull(to)) || !(LATER_ATTRIBUTES as readonly string[]).includes(attribute),
  );
  const lone = (feature: Published) => `${feature.name} (${feature.type}${feature.unit ? `, ${feature.unit}` : ''})`;
  return [
    ...newer
      .filter(({ name }) => !before.has(name))
      .map(
        (one): ViewDifference => ({
          kind: 'FEATURE_ADDED',
          feature: one.name,
          attribute: null,
          before: null,
          after: one.type,
          breaking: false,
          words: `feature ${lone(one)} is new: ${one.description}`,
        }),
      ),
    ...older
      .filter(({ name }) => !after.has(name))
      .map(
        (one): ViewDifference => ({
          kind: 'FEATURE_REMOVED',
          feature: one.name,
          attribute: null,
          before: one.type,
          after: null,
          breaking: true,
          words: `feature ${lone(one)} is gone`,
        }),
      ),
    ...older.flatMap((feature) => {
      const newer = after.get(feature.name);
      if (!newer) return [];
      return comparedAttributes.flatMap((attribute) =>
        changed({ feature: feature.name, attribute, before: feature[attribute], after: newer[attribute] }),
      );
    }),
  ];
}

function queryDifferences(from: ViewSnapshot, to: ViewSnapshot): ViewDifference[] {
  if (!isFull(from) || !isFull(to)) return [];
  const [before, after] = [listOf(from.sources), listOf(to.sources)];
  const queries = [or(from.queryHash), or(to.queryHash)] as const;
  // A function is compared by the code of its file and of what that imports.
  const codes = [or(from.codeHash), or(to.codeHash)] as const;
  const [was, is] = codes.includes(null) ? queries : codes;
  // Hashes of two schemes differ for the same code.
  const differs = was !== is && schemeOf(String(was)) === schemeOf(String(is));
  const words = codes.includes(null)
    ? 'its query is another: its values may be computed otherwise'
    : 'the code of its file, or of what that imports, is another: its values may be computed otherwise';
  return [
    ...after
      .filter((table) => !before.includes(table))
      .map((table) =>
        inside({ kind: 'SOURCE_ADDED', before: null, after: table, words: `it reads table ${table} now` }),
      ),
    ...before
      .filter((table) => !after.includes(table))
      .map((table) =>
        inside({ kind: 'SOURCE_REMOVED', before: table, after: null, words: `it reads table ${table} no more` }),
      ),
    ...(differs ? [inside({ kind: 'QUERY_CHANGED', before: was, after: is, words })] : []),
  ];
}

/** Lists differences from the outside in: features, the view, its sources, its query. */
export const differencesOf = (from: ViewSnapshot, to: ViewSnapshot): readonly ViewDifference[] => {
  const [before, after] = [attributesOf(from), attributesOf(to)];
  const whole = isFull(from) && isFull(to);
  const attributes = Object.keys(before).filter((attribute) => whole || attribute !== 'tombstone');
  return [
    ...featureDifferences(from, to),
    ...attributes.flatMap((attribute) =>
      changed({ feature: null, attribute, before: before[attribute], after: after[attribute] }),
    ),
    ...queryDifferences(from, to),
  ];
};

const otherScheme = (id: string, { codeHash }: ViewSnapshot): readonly string[] =>
  typeof codeHash !== 'string' || schemeOf(codeHash) === SCHEME
    ? []
    : [`${id} was hashed by another release: whether its code changed is not known`];

/** Says which attributes of a version cannot be compared, and why; empty where all can. */
export const unknownOf = (id: string, snapshot: ViewSnapshot): readonly string[] =>
  isFull(snapshot)
    ? otherScheme(id, snapshot)
    : [
        `${id} was applied before sources, query, fills, array lengths and tombstones were kept, and its file is gone: whether those changed is not known`,
      ];
