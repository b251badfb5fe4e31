/** What the compiler says of calls of the TypeScript client with a generated catalogue: a line below `@ts-expect-error` that compiles is an error. */
import { expect, expectTypeOf, test } from 'vitest';
import type { Cell, Riskgraph } from '../../clients/typescript/src/index.js';
import { type CatalogueParts, catalogueTypes } from '../../src/commands/catalogue-types.js';
import type { Catalogue } from './catalogue.gen.js';

const feature = (
  reference: string,
  type: string,
  requestInputs: CatalogueParts['featureViews'][number]['features'][number]['requestInputs'] = [],
) => ({
  reference,
  type,
  description: 'A feature',
  unit: null,
  requestInputs,
});
const amount = { name: 'requested_amount', type: 'DECIMAL' };
const parts: CatalogueParts = {
  entities: [
    { name: 'customer', description: 'A person', joinKeys: ['customer_id'] },
    { name: 'customer_device', description: "A person's phone */", joinKeys: ['customer_id', 'device_id'] },
  ],
  featureViews: [
    {
      entity: 'customer',
      features: [
        { ...feature('profile@1:income', 'DECIMAL'), unit: 'CNY' },
        feature('profile@1:logins', 'INT64'),
        feature('profile@1:is_staff', 'BOOLEAN'),
      ],
    },
    {
      entity: 'customer',
      features: [feature('profile@2:income', 'DECIMAL'), feature('profile@2:dpds', 'ARRAY<INT32>')],
    },
    { entity: 'customer_device', features: [feature('sharing@1:customers', 'INT32')] },
    {
      entity: 'customer',
      features: [
        feature('affordability@1:burden', 'FLOAT64', [amount, { name: 'months', type: 'INT32' }]),
        feature('affordability@1:share', 'FLOAT64', [amount]),
      ],
    },
  ],
  featureServices: [
    {
      name: 'decision',
      version: 1,
      description: 'For decisions',
      features: ['profile@1:income', 'affordability@1:burden'],
    },
    { name: 'watch', version: 1, description: 'For collections', features: ['profile@2:dpds'] },
  ],
  models: [
    {
      name: 'score',
      version: 1,
      stage: 'CHAMPION',
      description: 'Bad within a year.',
      features: ['profile@2:income', 'profile@2:dpds'],
    },
    {
      name: 'score',
      version: 2,
      stage: 'CHALLENGER',
      description: 'Bad within a year.',
      features: ['affordability@1:share'],
    },
  ],
  labelDefinitions: [
    { name: 'bad', version: 2 },
    { name: 'bad', version: 1 },
  ],
  indicators: [
    { name: 'new_loans', description: 'Loans', dimensions: ['product', 'channel'] },
    { name: 'approval_rate', description: 'Share', dimensions: ['product', 'province'] },
  ],
};

test('a catalogue is written as types, in an order of its own', async () => {
  await expect(catalogueTypes(parts)).toMatchFileSnapshot('./catalogue.gen.ts');
});

declare const rg: Riskgraph<Catalogue>;
declare const any: Riskgraph;
const customers = { customer_id: ['C1', null] } as const;

/** Compiled, never called: there is no server. */
const calls = {
  async values() {
    const { rows } = await rg.online({ features: ['profile@1', 'profile@2:dpds'], entities: customers });
    const [row] = rows;
    if (!row) return;
    expectTypeOf(row.entity).toEqualTypeOf<{ readonly customer_id: string | null }>();
    expectTypeOf(row.features['profile@1:income']).toEqualTypeOf<Cell<string>>();
    expectTypeOf(row.features['profile@1:logins']).toEqualTypeOf<Cell<string>>();
    expectTypeOf(row.features['profile@1:is_staff']).toEqualTypeOf<Cell<boolean>>();
    expectTypeOf(row.features['profile@2:dpds']).toEqualTypeOf<Cell<readonly (number | null)[]>>();
    // @ts-expect-error it was not asked for
    row.features['profile@2:income'];
    const income = row.features['profile@1:income'];
    // @ts-expect-error only a PRESENT value is known to be there
    income.value.length;
    if (income.status === 'PRESENT') expectTypeOf(income.value).toEqualTypeOf<string>();
    // @ts-expect-error there is no such status
    if (income.status === 'MISSING') return;

    const asked = await rg.online({
      features: ['profile@1:income', 'profile@1:logins'],
      entities: customers,
      decimals: 'number',
      int64: 'bigint',
    });
    expectTypeOf(asked.rows[0]?.features['profile@1:income']).toEqualTypeOf<Cell<number> | undefined>();
    expectTypeOf(asked.rows[0]?.features['profile@1:logins']).toEqualTypeOf<Cell<bigint> | undefined>();
  },
  async references() {
    // @ts-expect-error there is no such feature
    await rg.online({ features: ['profile@1:incom'], entities: customers });
    // @ts-expect-error there is no such version
    await rg.online({ features: ['profile@3'], entities: customers });
    // @ts-expect-error there is no such service
    await rg.online({ service: 'decision@2', entities: customers });
    // @ts-expect-error a service or features, not both
    await rg.online({ service: 'watch@1', features: ['profile@1:income'], entities: customers });
    // @ts-expect-error one of them
    await rg.online({ entities: customers });
  },
  async keys() {
    await rg.online({ features: ['sharing@1:customers'], entities: { customer_id: ['C1'], device_id: ['D1'] } });
    // @ts-expect-error the join key device_id is missing
    await rg.online({ features: ['sharing@1:customers'], entities: { customer_id: ['C1'] } });
    // @ts-expect-error no feature asked for is of a loan
    await rg.online({ features: ['profile@1'], entities: { customer_id: ['C1'], loan_id: ['L1'] } });
  },
  async request() {
    const entities = { customer_id: ['C1'] };
    await rg.online({ service: 'watch@1', entities });
    await rg.online({ service: 'decision@1', entities, request: { requested_amount: ['5000.00'], months: [12] } });
    await rg.online({ features: ['affordability@1:share'], entities, request: { requested_amount: [null] } });
    // @ts-expect-error the service computes from inputs of the request
    await rg.online({ service: 'decision@1', entities });
    // @ts-expect-error `months` is missing
    await rg.online({ service: 'decision@1', entities, request: { requested_amount: ['5000.00'] } });
    // @ts-expect-error a DECIMAL is text
    await rg.online({ service: 'decision@1', entities, request: { requested_amount: [5000], months: [12] } });
    const features = ['affordability@1:share'] as const;
    // @ts-expect-error nothing computes from `months` here
    await rg.online({ features, entities, request: { requested_amount: [null], months: [1] } });
  },
  async scores() {
    const entities = { customer_id: ['C1'] };
    const { scores } = await rg.score({ model: 'score', entities });
    const [score] = scores;
    if (score?.status === 'SCORED') expectTypeOf(score.points).toEqualTypeOf<number>();
    if (score?.status === 'ERROR') expectTypeOf(score.points).toEqualTypeOf<null>();
    await rg.score({ model: 'score@2', entities, request: { requested_amount: ['1'] } });
    // @ts-expect-error this version computes from the request
    await rg.score({ model: 'score@2', entities });
    // @ts-expect-error there is no such version
    await rg.score({ model: 'score@3', entities });
  },
  async history() {
    const spine = { customer_id: ['C1'], event_timestamp: [new Date(0)], channel: ['APP'] };
    const { rows } = await rg.features({ features: ['profile@1:income', 'profile@2:dpds'], spine, statuses: true });
    const [row] = rows;
    if (!row) return;
    // Two versions of one view.
    expectTypeOf(row.profile_v1__income).toEqualTypeOf<string | null>();
    expectTypeOf(row.profile_v2__dpds__status).toEqualTypeOf<'PRESENT' | 'NULL' | 'STALE' | 'NOT_FOUND' | 'ERROR'>();
    expectTypeOf(row.event_timestamp).toEqualTypeOf<string>();
    expectTypeOf(row.channel).toEqualTypeOf<string>();
    // @ts-expect-error event times were not asked for
    row.profile_v1__income__event_time;
    const one = await rg.features({ features: ['profile@1:income'], spine, eventTimes: true, decimals: 'number' });
    expectTypeOf(one.rows[0]?.profile__income).toEqualTypeOf<number | null | undefined>();
    expectTypeOf(one.rows[0]?.profile__income__event_time).toEqualTypeOf<string | null | undefined>();
    // @ts-expect-error the spine lacks its instants
    await rg.features({ features: ['profile@1:income'], spine: { customer_id: ['C1'] } });
  },
  async reports() {
    const days = { from: '2026-01-01', to: '2026-01-31' };
    const { rows } = await rg.indicators({ names: ['new_loans'], by: ['channel'], decimals: 'number', ...days });
    expectTypeOf(rows[0]?.channel).toEqualTypeOf<string | null | undefined>();
    expectTypeOf(rows[0]?.new_loans).toEqualTypeOf<number | null | undefined>();
    await rg.indicators({ names: ['new_loans', 'approval_rate'], by: ['product'], ...days });
    // @ts-expect-error approval_rate has no channel
    await rg.indicators({ names: ['new_loans', 'approval_rate'], by: ['channel'], ...days });
    // @ts-expect-error there is no such indicator
    await rg.indicators({ names: ['loans'], ...days });
    await rg.badRates('bad@1');
    // @ts-expect-error there is no such label
    await rg.badRates('good@1');
    // @ts-expect-error there is no such entity
    await rg.search({ text: 'income', entity: 'shop' });
  },
  async withoutCatalogue() {
    const { rows } = await any.online({ features: ['any@1:thing'], entities: { any_id: ['1'] }, request: { x: [1] } });
    expectTypeOf(rows[0]?.features['any@1:thing']?.status).not.toBeAny();
    await any.online({ service: 'any@1', entities: { any_id: ['1'] } });
    await any.score({ model: 'any', entities: { any_id: ['1'] } });
    await any.features({ features: ['any@1'], spine: { any_id: ['1'], event_timestamp: ['2026-01-01T00:00:00Z'] } });
    await any.indicators({ names: ['any'], by: ['thing'], from: '2026-01-01', to: '2026-01-31' });
  },
};

test('calls of every method are compiled, right ones and wrong ones', () => {
  expect(Object.keys(calls)).toEqual([
    'values',
    'references',
    'keys',
    'request',
    'scores',
    'history',
    'reports',
    'withoutCatalogue',
  ]);
});
