import { describe, expect, it } from 'vitest';
import { searchEntry, searchFeatures, searchViews } from '../../src/catalogue/search.js';
import { defineEntity, int32, sql } from '../../src/core/definitions/define.js';
import { viewOf } from '../offline/support.js';

const person = defineEntity({ name: 'person', joinKeys: ['person_id'], description: 'A person.' });
const shop = defineEntity({ name: 'shop', joinKeys: ['shop_id'], description: 'A shop.' });
const visible = ({ tags }: { readonly tags?: readonly string[] }) => !tags?.includes('pii');

const entries = [
  viewOf('activity', 1, {
    entity: person,
    description: 'Use of the app, seen beside the arrears of the person',
    owner: 'growth',
    tags: ['app'],
    features: {
      logins: int32({ description: 'Logins while in arrears' }),
      home: int32({ description: 'Where the person lives', tags: ['pii'] }),
    },
    query: ({ source }) => sql`SELECT customer_id, session_id FROM ${source('events')}`,
    sources: ['events'],
  }),
  viewOf('arrears', 2, {
    entity: shop,
    owner: 'risk',
    features: {
      days: int32({ description: 'Days late', unit: 'days' }),
      arrears_now: int32({ description: 'Whether late', tags: ['dpd'] }),
    },
    query: ({ source }) => sql`SELECT dpd FROM ${source('loan_snapshots')}`,
    sources: ['loan_snapshots'],
  }),
  viewOf('late_share', 1, {
    entity: person,
    owner: 'risk',
    features: { arrears: int32({ description: 'Share of months late' }), dpd: int32({ description: 'Overdue' }) },
    query: () => sql`SELECT 1`,
  }),
].map(searchEntry);

const views = (search: string, more = {}) => searchViews(entries, { search, visible, ...more }).map(({ id }) => id);
const features = (search: string, more = {}) =>
  searchFeatures(entries, { search, visible, ...more }).map(({ reference }) => reference);

describe('features', () => {
  it.each([
    [
      'the name itself, a name with it, then its view, then words about it',
      'arrears',
      ['late_share@1:arrears', 'arrears@2:arrears_now', 'arrears@2:days', 'activity@1:logins'],
    ],
    [
      'a name before a tag, and both before a column',
      'dpd',
      ['late_share@1:dpd', 'arrears@2:arrears_now', 'arrears@2:days'],
    ],
    ['a table', 'loan_snap', ['arrears@2:days', 'arrears@2:arrears_now']],
    ['a column that the query names', 'session_id', ['activity@1:logins']],
    ['a column of the table that the query does not name', 'principal_outstanding', []],
    ['a unit', 'DAYS', ['arrears@2:days']],
    ['words in any order', 'late   RISK share', ['late_share@1:arrears', 'late_share@1:dpd']],
    ['one word that is nowhere', 'late unicorn', []],
    ['what is hidden', 'lives', []],
    ['an expression that means nothing here', '.*', []],
  ])('are found by %s', (_, search, expected) => {
    expect(features(search)).toEqual(expected);
  });

  it('are all there without words, in the order of their views', () => {
    expect(features('  ')).toHaveLength(5);
    expect(features('', { owner: 'risk', entity: 'person' })).toEqual(['late_share@1:arrears', 'late_share@1:dpd']);
    expect(features('', { tag: 'app' })).toEqual(['activity@1:logins']);
    expect(features('', { tag: 'pii' })).toEqual([]);
  });
});

describe('views', () => {
  it.each([
    [
      'a name before a feature, and a feature before a description',
      'arrears',
      ['arrears@2', 'late_share@1', 'activity@1'],
    ],
    ['words of different features', 'overdue share', ['late_share@1']],
    ['an owner', 'growth', ['activity@1']],
    ['an entity', 'shop', ['arrears@2']],
    ['what is hidden', 'home', []],
  ])('are found by %s', (_, search, expected) => {
    expect(views(search)).toEqual(expected);
  });

  it('are found by a tag of their own or of a feature that is shown', () => {
    expect([views('', { tag: 'app' }), views('', { tag: 'dpd' }), views('', { tag: 'pii' })]).toEqual([
      ['activity@1'],
      ['arrears@2'],
      [],
    ]);
  });
});
