import { describe, expect, it } from 'vitest';
import { differencesOf, unknownOf, type ViewSnapshot } from '../../src/catalogue/view-diff.js';

const feature = { name: 'dpd', type: 'INT32', description: 'Days late', unit: 'days', tags: ['risk', 'loan'] };
const base: ViewSnapshot = {
  entity: 'customer',
  description: 'A view',
  owner: 'risk',
  tags: [],
  schedule: { every: 'day', delay: '2h' },
  ttlMs: 34_560_000_000,
  maxAgeMs: 172_800_000,
  sources: ['loans'],
  queryHash: 'one',
  features: [feature],
};
const words = (after: ViewSnapshot, before = base) => differencesOf(before, after).map((one) => one.words);
const withFeature = (change: object): ViewSnapshot => ({ ...base, features: [{ ...feature, ...change }] });

describe('two versions of a view', () => {
  it('that say the same have no differences', () => {
    expect(
      differencesOf(base, {
        ...base,
        file: 'features/another.v2.view.ts',
        features: [{ ...feature, tags: ['loan', 'risk'] }],
      }),
    ).toEqual([]);
  });

  it.each([
    ['a type', withFeature({ type: 'INT64' }), 'type of feature dpd: INT32 became INT64', true],
    ['a length', withFeature({ length: 24 }), 'length of feature dpd: none became 24', true],
    ['a pad', withFeature({ pad: 0 }), 'pad of feature dpd: none became 0', false],
    ['a unit', withFeature({ unit: undefined }), 'unit of feature dpd: days became none', false],
    ['a fill', withFeature({ fill: 'last_known' }), 'fill of feature dpd: none became last_known', false],
    ['tags', withFeature({ tags: ['pii'] }), 'tags of feature dpd: ["loan","risk"] became ["pii"]', false],
    ['words', withFeature({ description: 'Late' }), 'description of feature dpd: Days late became Late', false],
    ['the entity', { ...base, entity: 'loan' }, 'entity: customer became loan', true],
    ['the schedule', { ...base, schedule: { every: 'hour', delay: '2h' } }, 'schedule: day became hour', false],
    ['the delay', { ...base, schedule: { every: 'day', delay: '30m' } }, 'delay: 2h became 30m', false],
    ['the ttl', { ...base, ttlMs: 90_000_000 }, 'ttl: 400d became 25h', false],
    ['the maximum age', { ...base, maxAgeMs: null }, 'maxAge: 2d became none', false],
    ['the owner', { ...base, owner: 'growth' }, 'owner: risk became growth', false],
    ['a tombstone', { ...base, tombstone: 'gone' }, 'tombstone: none became gone', false],
    ['what becomes of absent keys', { ...base, absent: 'ends' }, 'absent: keeps became ends', false],
    ['the query', { ...base, queryHash: 'two' }, 'its query is another: its values may be computed otherwise', false],
  ])('differ in %s', (_, after, expected, breaking) => {
    expect(differencesOf(base, after)).toEqual([expect.objectContaining({ words: expected, breaking })]);
  });

  it('differ in features and sources that come and go', () => {
    const after = {
      ...base,
      sources: ['statements'],
      features: [{ name: 'dpd_now', type: 'INT32', description: 'Late' }],
    };
    expect(words(after)).toEqual([
      'feature dpd_now (INT32) is new: Late',
      'feature dpd (INT32, days) is gone',
      'it reads table statements now',
      'it reads table loans no more',
    ]);
    expect(differencesOf(base, after).map(({ breaking }) => breaking)).toEqual([false, true, false, false]);
  });

  it('that are computed on demand differ in what a request brings, in what they read, and in their code', () => {
    const onDemand = (amount: string, income: string, codeHash: string): ViewSnapshot => ({
      entity: 'customer',
      description: 'A view',
      owner: 'risk',
      tags: [],
      features: [feature],
      codeHash,
      request: [{ name: 'amount', type: amount }],
      inputs: [{ name: 'income', reference: income }],
    });
    const before = onDemand('INT64', 'profile@1:income', 'v2:one');
    expect(differencesOf(before, { ...before })).toEqual([]);
    const found = differencesOf(before, onDemand('DECIMAL', 'profile@2:income', 'v2:two'));
    expect(found.map(({ words, breaking }) => [words, breaking])).toEqual([
      ['request: ["amount INT64"] became ["amount DECIMAL"]', true],
      ['inputs: ["income = profile@1:income"] became ["income = profile@2:income"]', false],
      ['the code of its file, or of what that imports, is another: its values may be computed otherwise', false],
    ]);
    expect(unknownOf('view@1', before)).toEqual([]);
    // Hashed by the first scheme.
    const old = { ...before, codeHash: 'one' };
    expect(differencesOf(old, before)).toEqual([]);
    expect(unknownOf('view@1', old)).toEqual([expect.stringContaining('view@1 was hashed by another release')]);
  });

  it('of which one was published with less are compared in what both say, and the rest is called unknown', () => {
    const { sources: _, queryHash: __, ...old } = base;
    const after = { ...withFeature({ fill: 'last_known', unit: 'd' }), tombstone: 'gone', queryHash: 'two' };
    expect(words(after, old)).toEqual(['unit of feature dpd: days became d']);
    expect(unknownOf('view@1', old)).toEqual([expect.stringContaining('view@1 was applied before')]);
    expect(unknownOf('view@2', after)).toEqual([]);
  });
});
