/** The catalogue as each role asks it, on real stores: found by words, followed up and down, compared. Nothing is computed here. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../src/core/ports/access.js';
import { openDatabase } from '../../src/ledgers/data-source.js';
import { createDefinitionLedger } from '../../src/ledgers/definition-ledger.js';
import { type Api, type GraphqlAnswer, startApi } from '../support/api.js';

let api: Api;

const ok = <T>({ data, errors }: GraphqlAnswer<T>): T => {
  expect(errors).toEqual([]);
  return data as T;
};

beforeAll(async () => {
  api = await startApi();
  ok(await api.graphql('admin', 'mutation { applyRegistry { problems } }'));
});

afterAll(() => api.close());

describe('search', () => {
  const found = async (role: Role, args: string): Promise<string[]> =>
    ok(
      await api.graphql<{ features: readonly { reference: string }[] }>(role, `{ features(${args}) { reference } }`),
    ).features.map(({ reference }) => reference);
  const views = async (role: Role, args: string): Promise<string[]> =>
    ok(
      await api.graphql<{ featureViews: readonly { name: string; version: number }[] }>(
        role,
        `{ featureViews(${args}) { name version } }`,
      ),
    ).featureViews.map(({ name, version }) => `${name}@${version}`);

  it.each([
    [
      'a part of a name',
      'search: "sight"',
      ['device_use@1:sightings', 'device_use@1:share_of_root', 'device_use@1:last_seen'],
    ],
    [
      'all of several words, wherever each is',
      'search: "Income CNY who"',
      ['customer_profile@2:monthly_income', 'customer_profile@1:monthly_income'],
    ],
    ['several words of which one is nowhere', 'search: "income elephants"', []],
    ['a word of the feature and one of its view', 'search: "city profile"', ['customer_profile@2:city']],
    ['a unit', 'search: "cny"', ['customer_profile@2:monthly_income', 'customer_profile@1:monthly_income']],
    ['a tag', 'tag: "place"', ['customer_profile@2:city']],
    ['a word and an entity', 'search: "seen", entity: "device"', ['device_use@1:last_seen', 'device_use@1:seen_today']],
    ['a tag that nothing has', 'tag: "nothing"', []],
    ['an owner that nothing has', 'owner: "nobody"', []],
  ])('finds features by %s', async (_, args, expected) => {
    const references = await found('modeler', args);
    expect(references.slice(0, Math.max(expected.length, 1))).toEqual(expected);
  });

  it('finds what reads a table or a column', async () => {
    expect(new Set((await found('modeler', 'search: "device_sightings"')).map((one) => one.split(':')[0]))).toEqual(
      new Set(['device_use@1']),
    );
    expect(await views('modeler', 'search: "monthly_income customers"')).toEqual([
      'customer_profile@2',
      'customer_profile@1',
    ]);
  });

  it('finds views by owner, tag, entity and words together', async () => {
    expect(await views('bi', 'owner: "test", entity: "device"')).toEqual(['device_use@1']);
    expect(await views('bi', 'tag: "place", search: "who city"')).toEqual(['customer_profile@2']);
    expect(await views('bi', 'owner: "test"')).toEqual(['customer_profile@2', 'customer_profile@1', 'device_use@1']);
  });

  it('refuses an unknown entity, naming those there are', async () => {
    for (const field of ['features(entity: "shop") { reference }', 'featureViews(entity: "shop") { name }']) {
      const { errors } = await api.graphql('modeler', `{ ${field} }`);
      expect(errors).toMatchObject([
        {
          message: "there is no entity 'shop'",
          extensions: { code: 'BAD_USER_INPUT', hint: 'the entities are customer, device' },
        },
      ]);
    }
  });

  it('hides personal features from bi, and does not find by them', async () => {
    expect(await found('modeler', 'search: "phone"')).toContain('customer_profile@1:phone_hash');
    const personal = (await found('bi', 'limit: 100')).filter((one) => /phone_hash|birth_date|household/.test(one));
    expect(personal).toEqual([]);
    for (const personal of ['household', 'phone', 'birth_date']) {
      expect([await views('bi', `search: "${personal}"`), await found('bi', `search: "${personal}"`)]).toEqual([
        [],
        [],
      ]);
    }
    expect(await views('modeler', 'search: "household"')).toEqual(['customer_profile@2', 'customer_profile@1']);
  });

  it('gives pages that follow each other', async () => {
    const all = await found('admin', 'limit: 100');
    const first = await found('admin', 'limit: 7');
    const rest = await found('admin', `limit: 100, before: "${first.at(-1)}"`);
    expect([...first, ...rest]).toEqual(all);
    expect(all).toHaveLength(16);
    const { errors } = await api.graphql('admin', '{ features(before: "no@1:feature") { reference } }');
    expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });
});

describe('lineage', () => {
  const NODES =
    '{ upstream { kind id distance words } downstream { kind id distance words } relatedIndicators { indicator tables } }';
  interface Lineage {
    readonly upstream: readonly { kind: string; id: string; distance: number; words: readonly string[] }[];
    readonly downstream: Lineage['upstream'];
    readonly relatedIndicators: unknown;
  }
  const names = (nodes: Lineage['upstream']) => nodes.map(({ kind, id, distance }) => `${distance} ${kind} ${id}`);
  const of = async (role: Role, kind: string, id: string): Promise<Lineage> =>
    ok(await api.graphql<{ lineage: Lineage }>(role, `{ lineage(kind: ${kind}, id: "${id}") ${NODES} }`)).lineage;

  it('leads from a feature up to its tables and down to the services that list it', async () => {
    const { upstream, downstream, relatedIndicators } = await of('bi', 'FEATURE', 'customer_profile@1:segment');
    expect(names(upstream)).toEqual(['1 TABLE customers']);
    expect(names(downstream)).toEqual(['1 SERVICE decision@1']);
    expect(downstream[0]?.words).toEqual(['service decision@1 lists feature customer_profile@1:segment']);
    expect(relatedIndicators).toEqual([{ indicator: 'customers_registered@1', tables: ['customers'] }]);
  });

  it('names the columns that a feature can depend on, and none of what has no query', async () => {
    const { features } = ok(
      await api.graphql<{ features: readonly { feature: { reference: string; columns: unknown } }[] }>(
        'bi',
        '{ features(search: "segment", limit: 2) { feature { reference columns { table column use } } } }',
      ),
    );
    const columns = [{ table: 'customers', column: 'segment', use: 'VALUE' }];
    expect(features.map(({ feature }) => feature)).toEqual([
      { reference: 'customer_profile@2:segment', columns },
      { reference: 'customer_profile@1:segment', columns },
    ]);
  });

  it('leads from a feature that nothing lists to nothing', async () => {
    expect((await of('bi', 'FEATURE', 'customer_profile@2:segment')).downstream).toEqual([]);
  });

  it('counts an indicator among the descendants of a table that it reads', async () => {
    const { downstream, relatedIndicators } = await of('admin', 'TABLE', 'customers');
    expect(names(downstream)).toContain('1 INDICATOR customers_registered@1');
    expect(names(downstream)).toContain('3 SERVICE decision@1');
    expect(relatedIndicators).toEqual([]);
  });

  it('names no personal feature to bi', async () => {
    const id = 'customer_profile@1:phone_hash';
    const seen = async (role: Role) => (await of(role, 'TABLE', 'customers')).downstream.map((node) => node.id);
    expect(await seen('modeler')).toContain(id);
    expect(await seen('bi')).not.toContain(id);
    const { errors } = await api.graphql('bi', `{ lineage(kind: FEATURE, id: "${id}") { upstream { id } } }`);
    expect(errors[0]?.extensions.code).toBe('NOT_FOUND');
  });

  it('says so of what is not there', async () => {
    const { errors } = await api.graphql('bi', '{ lineage(kind: MODEL, id: "crystal_ball@1") { upstream { id } } }');
    expect(errors[0]).toMatchObject({
      message: 'nothing applied is the model crystal_ball@1',
      extensions: { code: 'NOT_FOUND' },
    });
  });
});

describe('versions', () => {
  const DIFF = '{ name from to differences { kind feature attribute before after breaking words } unknown }';
  interface Diff {
    readonly differences: readonly { kind: string; feature: string | null; words: string }[];
    readonly unknown: readonly string[];
  }
  const diff = async (role: Role, args: string): Promise<Diff> =>
    ok(await api.graphql<{ featureViewDiff: Diff }>(role, `{ featureViewDiff(${args}) ${DIFF} }`)).featureViewDiff;

  it('of a name are told newest first, and their differences in rows and words', async () => {
    const { featureView } = ok(
      await api.graphql<{ featureView: { versions: readonly { version: number; retiredAt: unknown }[] } }>(
        'bi',
        '{ featureView(name: "customer_profile", version: 1) { versions { version appliedAt retiredAt } } }',
      ),
    );
    expect(featureView.versions).toMatchObject([
      { version: 2, retiredAt: null },
      { version: 1, retiredAt: null },
    ]);
    expect(await diff('bi', 'name: "customer_profile"')).toEqual({
      name: 'customer_profile',
      from: 1,
      to: 2,
      unknown: [],
      differences: [
        {
          kind: 'FEATURE_ADDED',
          feature: 'city',
          attribute: null,
          before: null,
          after: 'STRING',
          breaking: false,
          words: 'feature city (STRING) is new: City',
        },
        {
          kind: 'VIEW_CHANGED',
          feature: null,
          attribute: 'description',
          breaking: false,
          before: 'Who the customer is.',
          after: 'Who the customer is, with the city.',
          words: 'description: Who the customer is. became Who the customer is, with the city.',
        },
        expect.objectContaining({
          kind: 'QUERY_CHANGED',
          words: 'its query is another: its values may be computed otherwise',
        }),
      ],
    });
  });

  it('are compared the other way round too, where what was new is gone and breaks its readers', async () => {
    const { differences } = await diff('bi', 'name: "customer_profile", from: 2, to: 1');
    expect(differences[0]).toMatchObject({ kind: 'FEATURE_REMOVED', feature: 'city', breaking: true });
  });

  it('that were retired and whose file is gone are compared from what was published, with what that does not tell', async () => {
    const database = await openDatabase({ url: api.app.config.postgresUrl as string, log: api.app.telemetry.log });
    const ledger = createDefinitionLedger(database.dataSource);
    const [published] = (await ledger.all()).filter(({ id }) => id === 'device_use@1');
    const old = { kind: 'view' as const, name: 'device_use', hash: 'gone', appliedAt: 1_700_000_000_000 };
    const features = [
      { name: 'sightings', type: 'INT32', description: 'Sightings so far' },
      { name: 'colour', type: 'STRING', description: 'Its colour', tags: ['pii'] },
      { name: 'secret', type: 'STRING', description: 'In the clear' },
    ];
    const { entity, owner, schedule } = (published?.snapshot ?? {}) as Record<string, unknown>;
    const snapshot = {
      entity,
      owner,
      schedule,
      tags: [],
      ttlMs: 86_400_000,
      maxAgeMs: null,
      features,
      description: 'Old.',
    };
    await ledger.publish([{ ...old, id: 'device_use@7', version: 7, snapshot }]);
    await ledger.retire([{ kind: 'view', id: 'device_use@7' }], 1_700_000_100_000);
    await api.app.services.api.catalogue.refresh();
    await database.close();

    const { differences, unknown } = await diff('bi', 'name: "device_use", from: 7, to: 1');
    const words = differences.map((one) => one.words);
    expect(words).toContain('type of feature sightings: INT32 became INT64');
    expect(words).toContain('feature secret (STRING) is gone');
    expect(words).toContain('ttl: 1d became none');
    expect(words.join(' ')).not.toContain('colour');
    expect((await diff('admin', 'name: "device_use", from: 7, to: 1')).differences.map((one) => one.words)).toContain(
      'feature colour (STRING) is gone',
    );
    expect(unknown).toEqual([expect.stringMatching(/^device_use@7 was applied before sources, query/)]);
    const { featureView } = ok(
      await api.graphql<{ featureView: { versions: unknown } }>(
        'bi',
        '{ featureView(name: "device_use") { versions { version retiredAt } } }',
      ),
    );
    expect(featureView.versions).toEqual([
      { version: 7, retiredAt: '2023-11-14T22:15:00.000Z' },
      { version: 1, retiredAt: null },
    ]);
  });

  it('that there are not are refused, naming those there are', async () => {
    const { errors } = await api.graphql(
      'bi',
      '{ featureViewDiff(name: "customer_profile", from: 1, to: 9) { name } }',
    );
    expect(errors[0]).toMatchObject({
      message: "there is no version 9 of feature view 'customer_profile'",
      extensions: { code: 'NOT_FOUND', hint: 'its versions are 1, 2' },
    });
    const first = await api.graphql('bi', '{ featureViewDiff(name: "customer_profile", to: 1) { name } }');
    expect(first.errors[0]?.message).toBe('customer_profile@1 is the first version of its name');
  });
});

describe('the cost of a question', () => {
  it('is refused where lists in lists would make it a million', async () => {
    const { errors } = await api.graphql(
      'modeler',
      '{ features(limit: 500) { view { features { lineage { upstream { through { id } } downstream { id } } } } } }',
    );
    expect(errors[0]?.extensions.code).toBe('TOO_COMPLEX');
  });

  it('counts the bad rates of each label as a report', async () => {
    const table = '{ columns { name type unit description masked } rowCount rows nulls { row column reason } }';
    const ask = async (reports: number) => {
      const fields = Array.from({ length: reports }, (_, index) => `r${index}: badRates ${table}`).join(' ');
      const { errors } = await api.graphql('bi', `{ labelDefinition(name: "any") { ${fields} } }`);
      return errors.map(({ extensions }) => extensions.code);
    };
    expect([await ask(20), await ask(30)]).toEqual([[], ['TOO_COMPLEX']]);
  });

  it('is not lowered by a field beside it that asks for less than nothing', async () => {
    const { errors } = await api.graphql(
      'modeler',
      `{ nothing: features(limit: -1000000) { view { features { name } } }
        features(limit: 500) { view { features { lineage { upstream { through { id } } downstream { id } } } } } }`,
    );
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['TOO_COMPLEX']);
  });
});
