/** Definitions that were applied with a hash of another scheme: what is compared in its place. */

import { expect, test } from 'vitest';
import { changedProblems } from '../../src/catalogue/plan-changes.js';
import { type Published, publishable } from '../../src/catalogue/published.js';
import { rehashable, rehashNotice } from '../../src/catalogue/rehash.js';
import { versionedKinds } from '../../src/core/definitions/definition-kinds.js';
import type { PublishedDefinition } from '../../src/core/ports/serving.js';
import { loadRegistry } from '../../src/registry/load.js';
import { ROOT } from '../support/views.js';

const files = publishable(await loadRegistry({ root: ROOT }));

type Snapshot = Record<string, unknown>;

/** As Postgres gives it back: keys in another order, and none without a value. */
const stored = (snapshot: unknown): Snapshot => {
  const entries = Object.entries(JSON.parse(JSON.stringify(snapshot)) as Snapshot);
  return Object.fromEntries(entries.reverse());
};

/** What was applied by the first scheme, a definition perhaps with another snapshot. */
const applied = (id = '', change: (snapshot: Snapshot) => Snapshot = (same) => same): PublishedDefinition[] =>
  files.map(({ kind, name, version, id: own, snapshot }) => ({
    kind,
    name,
    version,
    id: own,
    hash: 'a'.repeat(64),
    snapshot: `${kind} ${own}` === id ? change(stored(snapshot)) : stored(snapshot),
    appliedAt: 0,
    retiredAt: null,
    prunedAt: null,
    championSince: null,
    formerHashes: [],
  }));

const labels = (some: readonly Pick<Published, 'kind' | 'id'>[]): string[] =>
  some.map(({ kind, id }) => `${kind} ${id}`);
const features = ({ features }: Snapshot): Snapshot[] => features as Snapshot[];

test('every kind of definition that declares what was applied may be hashed anew, and one sentence says so', () => {
  expect(new Set(files.map(({ kind }) => kind))).toEqual(new Set(versionedKinds));
  expect(labels(rehashable(files, applied()))).toEqual(labels(files));
  expect(changedProblems(files, applied())).toEqual([]);
  const notice = rehashNotice(files, applied()) as string;
  expect(notice).toMatch(
    new RegExp(
      `^${files.length} applied definitions have content hashes of another release.*npx riskgraph apply --rehash`,
    ),
  );
  expect(notice).not.toMatch(/[.;]\s/);
});

test.each<[string, string, (snapshot: Snapshot) => Snapshot]>([
  ['an age', 'view customer_profile@1', (one) => ({ ...one, ttlMs: 1 })],
  ['an entity', 'view device_profile@1', (one) => ({ ...one, entity: 'customer' })],
  ['a window', 'label dpd30_6m@1', (one) => ({ ...one, window: { months: 3 } })],
  ['a measure', 'fact loans@1', (one) => ({ ...one, measures: {} })],
  ['what it measures', 'indicator npl_ratio@1', (one) => ({ ...one, facts: [] })],
  ['a tombstone', 'view customer_profile@1', (one) => ({ ...one, tombstone: 'gone' })],
  ['the text of a query', 'view loan_behaviour@1', (one) => ({ ...one, queryHash: 'b' })],
  [
    'the type of a feature',
    'view customer_profile@1',
    (one) => ({ ...one, features: features(one).map((feature) => ({ ...feature, type: 'STRING' })) }),
  ],
  ['the order of features', 'view customer_profile@1', (one) => ({ ...one, features: features(one).toReversed() })],
  ['what a request brings', 'on_demand application_place@1', (one) => ({ ...one, request: [] })],
  ['the list of a service', 'service b_score@1', (one) => ({ ...one, features: ['customer_profile@1:age_years'] })],
  ['the inputs of a model', 'model b_score@1', (one) => ({ ...one, features: [] })],
])('%s that is another is a change of the version, which is named', (_, id, change) => {
  const published = applied(id, change);
  expect(labels(rehashable(files, published))).toEqual(labels(files).filter((one) => one !== id));
  expect(changedProblems(files, published)).toEqual([
    expect.stringMatching(
      new RegExp(`^${id.replace('on_demand', 'on-demand view')} was applied and has changed since`),
    ),
  ]);
});

test('a path and descriptions are no meaning', () => {
  const moved = applied('view customer_profile@1', (one) => ({ ...one, file: 'features/elsewhere.v1.view.ts' }));
  expect(changedProblems(files, moved)).toEqual([]);
  const worded = applied('view customer_profile@1', (one) => ({
    ...one,
    description: 'Said otherwise',
    features: features(one).map((feature) => ({ ...feature, description: 'Said otherwise' })),
  }));
  expect(changedProblems(files, worded)).toEqual([]);
  expect(labels(rehashable(files, worded))).toEqual(labels(files));
});

test('scores are compared as every view is', () => {
  const scores = files.find(({ snapshot }) => snapshot.scoresOf !== undefined) as Published;
  const other = applied(`view ${scores.id}`, (one) => ({ ...one, features: features(one).slice(1) }));
  expect(changedProblems(files, other)).toEqual([expect.stringMatching(`^view ${scores.id} was applied`)]);
});

test('the first snapshots kept fewer facts: those that they have are compared', () => {
  const first = ({ sources: _, queryHash: __, tombstone: ___, ...one }: Snapshot): Snapshot => ({
    ...one,
    features: features(one).map(({ fill: _, length: __, pad: ___, ...feature }) => feature),
  });
  const id = 'view payment_rhythm@1';
  expect(changedProblems(files, applied(id, first))).toEqual([]);
  expect(
    changedProblems(
      files,
      applied(id, (one) => ({ ...first(one), ttlMs: 1 })),
    ),
  ).toHaveLength(1);
});

test('of the same scheme only the hash counts, and what is retired is no matter', () => {
  const same = applied().map((one, index) => ({ ...one, hash: files[index]?.hash as string, snapshot: {} }));
  expect(rehashNotice(files, same)).toBeNull();
  expect(changedProblems(files, same)).toEqual([]);
  const retired = applied().map((one) => ({ ...one, retiredAt: 1 }));
  expect(rehashNotice(files, retired)).toBeNull();
  expect(rehashable(files, retired)).toHaveLength(files.length);
});
