import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { inputViews, kindOf, readsTable, VIEW_KINDS } from '../../../src/core/compute/view-kinds.js';
import { DEFINITION_KINDS } from '../../../src/core/definitions/definition-kinds.js';
import { type AnyView, isStoredView } from '../../../src/core/definitions/definitions.js';
import { loadRegistry } from '../../../src/registry/load.js';

const { views, onDemandViews } = await loadRegistry({ root: resolve(import.meta.dirname, '../../..') });
const all: readonly AnyView[] = [...views.values(), ...onDemandViews.values()];
const viewOf = (id: string): AnyView => (views.get(id) ?? onDemandViews.get(id)) as AnyView;

it('every kind has views here, a name of its own in the catalogue, and a definition that agrees on what is stored', () => {
  expect(new Set(all.map(({ origin }) => origin.kind))).toEqual(new Set(Object.keys(VIEW_KINDS)));
  const names = Object.values(VIEW_KINDS).map(({ catalogue }) => catalogue.name);
  expect(new Set(names).size).toBe(names.length);
  for (const view of all) {
    expect(DEFINITION_KINDS[kindOf(view).definition].features).toBe(isStoredView(view) ? 'stored' : 'computed');
  }
});

it('a view reads tables by its query, and those of its inputs through them', () => {
  const scores = viewOf('b_score@1');
  expect(kindOf(scores).query(scores)).toBeNull();
  expect(kindOf(scores).tables(scores)).toEqual([]);
  expect(inputViews(scores).map(({ id }) => id)).toContain('loan_behaviour@1');
  expect(readsTable(scores, 'loan_snapshots')).toBe(true);
  expect(readsTable(scores, 'labels')).toBe(false);
  const place = viewOf('application_place@1');
  expect(inputViews(place).map(({ id }) => id)).toEqual(['home_location@1']);
});

it('a snapshot says what its file pins: the inputs of a function, and of scores nothing, for their model pins them', () => {
  const requires = (id: string) => {
    const view = viewOf(id);
    return kindOf(view).snapshot(view).requires;
  };
  expect(requires('application_place@1')).toEqual(['home_location@1']);
  expect(requires('b_score@1')).toBeUndefined();
  expect(requires('loan_behaviour@1')).toBeUndefined();
});
