/**
 * Definitions that were applied with a content hash of another scheme. Two schemes hash the same file differently, and the scheme of an earlier
 * release cannot be computed any more: what was published of a definition is compared in its place. Of a view that is all it declares but its
 * descriptions, and the text of its query; of a service its features; of a model its inputs and owner. Code that runs on demand, and the rest of
 * a model (weights, scale, bands, what it does without an input), were not published, and are trusted to be what was applied.
 */
import { schemeOf } from '../core/compute/definition-hash.js';
import type { PublishedDefinition } from '../core/ports/serving.js';
import { inForce, type Published } from './published.js';
import { isFull } from './view-diff.js';

type Applied = Pick<PublishedDefinition, 'hash' | 'snapshot'>;

export const isOtherScheme = (file: Pick<Published, 'hash'>, applied: Pick<Applied, 'hash'>): boolean =>
  schemeOf(file.hash) !== schemeOf(applied.hash);

/** Attributes without meaning: paths, descriptions, and hashes of another scheme. */
const LEFT_OUT = new Set(['file', 'description', 'codeHash']);

/** Orders keys, and leaves out those without a value or a meaning. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key, item]) => item !== undefined && !LEFT_OUT.has(key));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, canonical(item)]));
}

/** The part of a value that another of the same form has too, at any depth: the first snapshots kept fewer facts. */
function known(value: unknown, other: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(other)) return value.map((item, index) => known(item, other[index]));
  if (typeof value !== 'object' || value === null || typeof other !== 'object' || other === null) return value;
  const there = other as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key in there)
      .map(([key, item]) => [key, known(item, there[key])]),
  );
}

/** Whether a file declares what was applied, as far as the snapshot tells. */
export function declaresSame({ snapshot }: Pick<Published, 'snapshot'>, applied: Pick<Applied, 'snapshot'>): boolean {
  const text = (value: unknown): string => JSON.stringify(canonical(value));
  const isView = 'entity' in applied.snapshot;
  const now = isView && !isFull(applied.snapshot) ? known(snapshot, applied.snapshot) : snapshot;
  return text(now) === text(applied.snapshot);
}

const label = ({ kind, id }: Pick<Published, 'kind' | 'id'>): string => `${kind} ${id}`;

/** Files to whose applied version their own hash may be given: of another scheme, and declaring the same. Retired versions too. */
export function rehashable(
  files: readonly Published[],
  published: readonly PublishedDefinition[],
): readonly Published[] {
  const byLabel = new Map(published.map((one) => [label(one), one] as const));
  return files.filter((file) => {
    const applied = byLabel.get(label(file));
    return applied !== undefined && isOtherScheme(file, applied) && declaresSame(file, applied);
  });
}

/** The sentence for a home that was applied by another scheme; null where there is nothing to rehash. */
export function rehashNotice(files: readonly Published[], published: readonly PublishedDefinition[]): string | null {
  const { length } = rehashable(files, inForce(published));
  if (length === 0) return null;
  const those =
    length === 1 ? '1 applied definition has a content hash' : `${length} applied definitions have content hashes`;
  return `${those} of another release, which cannot be compared: what was published of them is unchanged, descriptions apart, on-demand code and all of a model but its inputs are trusted to be as they were applied, everything serves on, and \`npx riskgraph apply --rehash\` writes the hashes anew`;
}
