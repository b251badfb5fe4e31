/** Rule 23. References with and without a version, asked over GraphQL where values are read and where views are named for an operation. */
import { expect } from 'vitest';
import { type Api, startApi } from '../support/api.js';
import { type Case, defineRule, shared } from './conformance.js';

const ONLINE =
  'query($service: String, $features: [String!]) { onlineFeatures(service: $service, features: $features, entities: { customer_id: ["C1"] }) { columns { name } } }';
const DECISION =
  'query($service: String) { onlineFeatures(service: $service, entities: { customer_id: ["C1"], device_id: ["D1"] }) { columns { name } } }';
const HISTORY =
  'query($service: String, $features: [String!]) { historicalFeatures(service: $service, features: $features, spine: { customer_id: ["C1"], event_timestamp: ["2026-01-05T00:00:00Z"] }) { columns { name } } }';
const SET =
  'mutation($service: String, $features: [String!]) { createTrainingSet(input: { name: "x", service: $service, features: $features, spine: { customer_id: ["C1"], event_timestamp: ["2026-01-05T00:00:00Z"] } }) { id } }';

interface Read extends Case {
  readonly asks: string;
  readonly names: { readonly service: string } | { readonly features: readonly string[] };
  /** The columns that come back, or the refusal: its code, words of the message, and what to write instead. */
  readonly gives: readonly string[] | { readonly code: string; readonly message: RegExp; readonly hint: RegExp };
}

const noVersion = (hint: string) => ({
  code: 'BAD_USER_INPUT',
  message: /names no version/,
  hint: new RegExp(`'${hint}'`),
});

const READS: readonly Read[] = [
  {
    name: 'online: a feature without a version is refused with the words to write',
    asks: ONLINE,
    names: { features: ['customer_profile:segment'] },
    gives: noVersion('customer_profile@2:segment'),
  },
  {
    name: 'online: a view without a version is refused with the words to write',
    asks: ONLINE,
    names: { features: ['customer_profile'] },
    gives: noVersion('customer_profile@2'),
  },
  {
    name: 'online: one reference without a version among pinned ones refuses all',
    asks: ONLINE,
    names: { features: ['customer_profile@1:segment', 'customer_profile:city'] },
    gives: noVersion('customer_profile@2:city'),
  },
  {
    name: 'online: a service without a version is refused with the words to write',
    asks: DECISION,
    names: { service: 'decision' },
    gives: noVersion('decision@1'),
  },
  {
    name: 'history: a feature without a version is refused with the words to write',
    asks: HISTORY,
    names: { features: ['customer_profile:segment'] },
    gives: noVersion('customer_profile@2:segment'),
  },
  {
    name: 'history: a service without a version is refused with the words to write',
    asks: HISTORY,
    names: { service: 'decision' },
    gives: noVersion('decision@1'),
  },
  {
    name: 'a training set: a view without a version is refused with the words to write',
    asks: SET,
    names: { features: ['customer_profile'] },
    gives: noVersion('customer_profile@2'),
  },
  {
    name: 'a training set: a service without a version is refused with the words to write',
    asks: SET,
    names: { service: 'decision' },
    gives: noVersion('decision@1'),
  },
  {
    name: 'a word in place of a version is no reference',
    asks: ONLINE,
    names: { features: ['customer_profile@latest:segment'] },
    gives: { code: 'BAD_USER_INPUT', message: /is not a reference/, hint: /view@version:feature/ },
  },
  {
    name: 'version 0 is no version',
    asks: ONLINE,
    names: { features: ['customer_profile@0:segment'] },
    gives: { code: 'BAD_USER_INPUT', message: /is not a reference/, hint: /view@version:feature/ },
  },
  {
    name: 'a version that is not there is not found, and the newest is named',
    asks: ONLINE,
    names: { features: ['customer_profile@9:segment'] },
    gives: { code: 'NOT_FOUND', message: /customer_profile@9/, hint: /customer_profile@2/ },
  },
  {
    name: 'a feature of another version is not found in this one, and those it has are named',
    asks: ONLINE,
    names: { features: ['customer_profile@1:city'] },
    gives: { code: 'NOT_FOUND', message: /customer_profile@1 has no feature 'city'/, hint: /segment, monthly_income/ },
  },
  {
    name: 'a pinned older version is read though there is a newer one',
    asks: ONLINE,
    names: { features: ['customer_profile@1:segment'] },
    gives: ['customer_profile@1:segment'],
  },
  {
    name: 'a pinned service reads the versions that it pins',
    asks: DECISION,
    names: { service: 'decision@1' },
    gives: ['customer_profile@1:segment', 'customer_profile@1:monthly_income', 'device_use@1:sightings'],
  },
];

interface Named extends Case {
  /** A mutation with `views` or `view`. */
  readonly operation: 'materialize' | 'backfill';
  readonly views: readonly string[];
  /** The versions that the job is told, or the code of the refusal. */
  readonly means: readonly string[] | string;
}

const NAMED: readonly Named[] = [
  {
    name: 'materialize: a bare name is the newest applied version',
    operation: 'materialize',
    views: ['customer_profile'],
    means: ['customer_profile@2'],
  },
  {
    name: 'materialize: a version is that version',
    operation: 'materialize',
    views: ['customer_profile@1', 'device_use'],
    means: ['customer_profile@1', 'device_use@1'],
  },
  {
    name: 'backfill: a bare name is the newest applied version',
    operation: 'backfill',
    views: ['customer_profile'],
    means: ['customer_profile@2'],
  },
  {
    name: 'an operation on a feature is refused',
    operation: 'materialize',
    views: ['customer_profile@1:segment'],
    means: 'BAD_USER_INPUT',
  },
  {
    name: 'an operation on a name that is not there is refused',
    operation: 'backfill',
    views: ['nothing'],
    means: 'NOT_FOUND',
  },
];

interface Shown extends Case {
  readonly plan: 'before' | 'after' | 'retired';
  readonly changes: readonly string[];
}

const SHOWN: readonly Shown[] = [
  {
    name: 'plan: before anything is applied all definitions are additions',
    plan: 'before',
    changes: [
      'ADD indicator customers_registered@1',
      'ADD service decision@1',
      'ADD view customer_profile@1',
      'ADD view customer_profile@2',
      'ADD view device_use@1',
    ],
  },
  { name: 'plan: what is applied is no change', plan: 'after', changes: [] },
  { name: 'plan: what was retired is not added again', plan: 'retired', changes: [] },
];

interface World {
  readonly api: Api;
  readonly plans: Record<Shown['plan'], readonly string[]>;
  close(): Promise<void>;
}

const world = shared(async (): Promise<World> => {
  const api = await startApi();
  const plans: World['plans'] = { before: await planOf(api), after: [], retired: [] };
  await api.graphql('admin', 'mutation { applyRegistry { problems } }');
  plans.after = await planOf(api);
  return { api, plans, close: () => api.close() };
});

async function planOf(api: Api): Promise<readonly string[]> {
  interface Plan {
    readonly planRegistry: { readonly problems: readonly string[]; readonly changes: readonly Change[] };
  }
  interface Change {
    readonly action: string;
    readonly kind: string;
    readonly name: string;
    readonly version: number;
  }
  const { data, errors } = await api.graphql<Plan>(
    'admin',
    'mutation { planRegistry { problems changes { action kind name version } } }',
  );
  expect(errors).toEqual([]);
  expect(data?.planRegistry.problems).toEqual([]);
  return (data?.planRegistry.changes ?? []).map((one) => `${one.action} ${one.kind} ${one.name}@${one.version}`).sort();
}

const check = async ({ asks, names, gives }: Read, { api }: World): Promise<void> => {
  const { data, errors } = await api.graphql<Record<string, { columns: { name: string }[] }>>('admin', asks, names);
  if ('code' in gives) {
    const { code, message, hint } = gives;
    expect(errors).toMatchObject([
      { message: expect.stringMatching(message), extensions: { code, hint: expect.stringMatching(hint) } },
    ]);
    return;
  }
  expect(errors).toEqual([]);
  expect(data?.onlineFeatures?.columns.map((column) => column.name)).toEqual(gives);
};

defineRule<Read, World>({ rule: 23, open: world, check }, READS);

defineRule<Named, World>(
  {
    rule: 23,
    open: world,
    async check({ operation, views, means }, { api }) {
      const days = operation === 'backfill' ? ', from: "2026-01-01", to: "2026-01-02"' : '';
      const { data, errors } = await api.graphql<Record<string, { id: string }>>(
        'admin',
        `mutation($views: [String!]!) { ${operation}(views: $views${days}) { id } }`,
        { views },
      );
      if (typeof means === 'string') {
        expect(errors).toMatchObject([{ extensions: { code: means } }]);
        return;
      }
      expect(errors).toEqual([]);
      const job = await api.app.services.api.jobs.get(data?.[operation]?.id as string);
      expect(job?.payload).toMatchObject({ views: means });
    },
  },
  NAMED,
);

const RETIRED: readonly Read[] = [
  {
    name: 'a retired version is refused, and the newest that is left is named',
    asks: ONLINE,
    names: { features: ['customer_profile@2:city'] },
    gives: { code: 'BAD_USER_INPUT', message: /customer_profile@2 is retired/, hint: /customer_profile@1/ },
  },
  {
    name: 'after a retirement the words to write name the newest that is left',
    asks: ONLINE,
    names: { features: ['customer_profile:segment'] },
    gives: noVersion('customer_profile@1:segment'),
  },
  {
    name: 'an older version is read on when the newer one is retired',
    asks: ONLINE,
    names: { features: ['customer_profile@1:segment'] },
    gives: ['customer_profile@1:segment'],
  },
];

let retired: Promise<World> | undefined;

/** The world without the newest version: a bare name is the newest applied one here too. */
const withoutNewest = (): Promise<World> => {
  retired ??= (async () => {
    const opened = await world();
    const { errors } = await opened.api.graphql(
      'admin',
      'mutation { retireFeatureView(view: "customer_profile") { problems } }',
    );
    expect(errors).toEqual([]);
    opened.plans.retired = await planOf(opened.api);
    return opened;
  })();
  return retired;
};

defineRule<Read, World>({ rule: 23, open: withoutNewest, check }, RETIRED);

defineRule<Shown, World>(
  {
    rule: 23,
    open: withoutNewest,
    check: ({ plan, changes }, { plans }) => expect(plans[plan]).toEqual(changes),
  },
  SHOWN,
);
