import { expect, test } from 'vitest';
import type { Registry } from '../../src/core/definitions/registry.js';
import { loadRegistry } from '../../src/registry/load.js';
import { ROOT } from '../support/views.js';

const unitsOf = ({ views, onDemandViews, indicators }: Registry): string[] => [
  ...[...views.values()].flatMap(({ features }) => features.map(({ unit }) => unit ?? '')),
  ...[...onDemandViews.values()].flatMap(({ features, origin }) =>
    [...features, ...origin.request].map(({ unit }) => unit ?? ''),
  ),
  ...[...indicators.values()].map(({ unit }) => unit),
];

test('units name the portfolio’s currency, and nothing else of a definition changes, its hash least of all', async () => {
  const [written, shown] = [await loadRegistry({ root: ROOT }), await loadRegistry({ root: ROOT, currency: 'MXN' })];
  const units = unitsOf(written);
  expect(units.filter((unit) => /\bCNY\b/.test(unit)).length).toBeGreaterThan(5);
  expect(unitsOf(shown)).toEqual(units.map((unit) => unit.replace('CNY', 'MXN')));
  for (const kind of ['views', 'onDemandViews', 'services', 'indicators', 'models'] as const) {
    const hashes = (registry: Registry) => [...registry[kind].values()].map(({ name, hash }) => [name, hash]);
    expect(hashes(shown)).toEqual(hashes(written));
  }
});
