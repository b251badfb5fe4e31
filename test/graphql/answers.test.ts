/** The operations on real data: imported, materialized by a worker, read as each role sees it. */
import { createClient } from '@clickhouse/client';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { addDays, BusinessCalendar } from '../../src/core/helpers/time.js';
import type { Role } from '../../src/core/ports/access.js';
import {
  type Api,
  type ApiStores,
  closeApiStores,
  freshApiStores,
  type GraphqlAnswer,
  keyOf,
  startApi,
} from '../support/api.js';
import { middayClock } from '../support/clock.js';
import { TABLES } from '../support/tables.js';

interface Job {
  readonly id: string;
  readonly state: string;
  readonly progress: number;
  readonly error: string | null;
  readonly result: unknown;
}

const JOB = '{ id name state progress result error createdAt startedAt finishedAt }';
const calendar = new BusinessCalendar('Asia/Shanghai');
const today = calendar.dateOf(middayClock());
const midnight = new Date(calendar.startOfDay(today)).toISOString();
const MASK = /^[0-9a-f]{32}$/;
const OTHER_MODELER = { role: 'modeler', name: 'other', key: 'key-of-another-modeler' } as const;
/** Reads the customers of one segment alone. */
const PARTNER = { role: 'bi', name: 'partner', key: 'key-of-a-funding-partner', rows: 'segment=silver' } as const;
const NAMELESS_MODELER = { role: 'modeler', name: 'modeler', key: 'another-key-of-a-modeler-without-a-name' } as const;

let stores: ApiStores;
let api: Api;
let worker: { close(): Promise<void> };

async function finished(job: Job): Promise<Job> {
  await api.jobEnded(job.id);
  const { data } = await api.graphql<{ job: Job }>('admin', `query($id: ID!) { job(id: $id) ${JOB} }`, { id: job.id });
  return (data as { job: Job }).job;
}

async function run(mutation: string): Promise<Job> {
  const { data, errors } = await api.graphql<Record<string, Job>>('admin', `mutation { ${mutation} ${JOB} }`);
  expect(errors).toEqual([]);
  return finished(Object.values(data ?? {})[0] as Job);
}

const ok = <T>({ data, errors }: GraphqlAnswer<T>): T => {
  expect(errors).toEqual([]);
  return data as T;
};

beforeAll(async () => {
  stores = await freshApiStores();
  api = await startApi({ stores, clock: middayClock, keys: [OTHER_MODELER, NAMELESS_MODELER, PARTNER] });
  ok(await api.graphql('admin', 'mutation { applyRegistry { problems } }'));
  worker = await api.app.services.queue.startWorker({ services: api.app.services.worker });
  const customers = [
    'customer_id,registered_at,birth_date,segment,monthly_income,phone_hash,city',
    'C1,2026-01-01T00:00:00Z,1990-07-15,gold,1234.50,phone-of-C1,Wuhan',
    'C2,2026-01-02T00:00:00Z,,,,,',
  ];
  const sightings = [
    'customer_id,device_id,seen_at,is_emulator,is_rooted,flags',
    'C1,D1,2026-02-01T03:00:00Z,0,0,[]',
    'C2,D1,2026-02-02T04:00:00Z,0,1,[]',
  ];
  for (const [table, lines] of [
    ['customers', customers],
    ['device_sightings', sightings],
  ] as const) {
    const response = await api.fetch('ingest', `/import/${table}?history=true`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: `${lines.join('\n')}\n`,
    });
    expect(await response.json()).toMatchObject({ accepted: 2, rejected: 0 });
  }
  await run('materialize');
  await run(`backfill(views: ["customer_profile@1"], from: "${addDays(today, -3)}", to: "${addDays(today, -1)}")`);
});

afterAll(async () => {
  await worker.close();
  await api.close();
  await closeApiStores(stores);
});

describe('onlineFeatures', () => {
  const query = `query($features: [String!], $entities: JSONObject!) {
    onlineFeatures(features: $features, entities: $entities) {
      requestId entities columns { name view type values statuses masked } views { view eventTimes } } }`;
  interface Answer {
    readonly onlineFeatures: {
      readonly requestId: string;
      readonly entities: unknown;
      readonly columns: readonly {
        name: string;
        values: readonly unknown[];
        statuses: readonly string[];
        type: string;
        masked: boolean;
      }[];
      readonly views: unknown;
    };
  }
  const features = ['customer_profile@1'];
  const entities = { customer_id: ['C1', 'C2', 'nobody', null] };

  it('answers values, statuses and event times in the order of the request', async () => {
    const { onlineFeatures } = ok(
      await api.graphql<Answer>('decision', query, { features, entities }, { 'x-request-id': 'my-request.1' }),
    );
    expect(onlineFeatures.requestId).toBe('my-request.1');
    expect(onlineFeatures.entities).toEqual(entities);
    expect(onlineFeatures.columns.map(({ name, type, values, statuses }) => [name, type, values, statuses])).toEqual([
      [
        'customer_profile@1:segment',
        'STRING',
        ['gold', null, null, null],
        ['PRESENT', 'NULL', 'NOT_FOUND', 'NOT_FOUND'],
      ],
      [
        'customer_profile@1:monthly_income',
        'DECIMAL',
        ['1234.5', null, null, null],
        ['PRESENT', 'NULL', 'NOT_FOUND', 'NOT_FOUND'],
      ],
      [
        'customer_profile@1:phone_hash',
        'STRING',
        ['phone-of-C1', null, null, null],
        ['PRESENT', 'NULL', 'NOT_FOUND', 'NOT_FOUND'],
      ],
      [
        'customer_profile@1:birth_date',
        'DATE',
        ['1990-07-15', null, null, null],
        ['PRESENT', 'NULL', 'NOT_FOUND', 'NOT_FOUND'],
      ],
      ['customer_profile@1:household', 'INT32', [2, 2, null, null], ['PRESENT', 'PRESENT', 'NOT_FOUND', 'NOT_FOUND']],
    ]);
    expect(onlineFeatures.views).toEqual([
      { view: 'customer_profile@1', eventTimes: [midnight, midnight, null, null] },
    ]);
  });

  it('masks personal features for modeler and says so: keyed hash, year, no number, which has status NULL (rule 33)', async () => {
    const { onlineFeatures } = ok(await api.graphql<Answer>('modeler', query, { features, entities }));
    const [segment, income, phone, birth, household] = onlineFeatures.columns;
    expect([segment?.values[0], income?.values[0]]).toEqual(['gold', '1234.5']);
    expect(phone?.values[0]).toMatch(MASK);
    expect(birth?.values[0]).toBe('1990-01-01');
    expect(household).toMatchObject({
      values: [null, null, null, null],
      statuses: ['NULL', 'NULL', 'NOT_FOUND', 'NOT_FOUND'],
    });
    expect(birth?.statuses).toEqual(['PRESENT', 'NULL', 'NOT_FOUND', 'NOT_FOUND']);
    expect(onlineFeatures.columns.map(({ masked }) => masked)).toEqual([false, false, true, true, true]);
    const clear = ok(await api.graphql<Answer>('decision', query, { features, entities })).onlineFeatures.columns;
    expect(clear.map(({ masked }) => masked)).toEqual([false, false, false, false, false]);
    expect(clear[4]?.statuses[0]).toBe('PRESENT');
  });

  it('refuses an unversioned reference with the words to write, and request inputs that nothing takes', async () => {
    const unversioned = await api.graphql('decision', query, { features: ['customer_profile:segment'], entities });
    expect(unversioned.errors[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      hint: "write 'customer_profile@2:segment'",
    });
    const inputs = await api.graphql(
      'decision',
      '{ onlineFeatures(service: "decision@1", entities: { customer_id: ["C1"], device_id: ["D1"] }, request: { amount: [1] }) { requestId } }',
    );
    expect(inputs.errors[0]).toMatchObject({
      message: expect.stringContaining('amount'),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  });
});

describe('the typed graph', () => {
  it('answers an entity from the online store: newest version under the bare name, older ones with their number', async () => {
    const data = ok(
      await api.graphql(
        'decision',
        `{ customer(id: "C1") { id customerProfile { _status _eventTime segment monthlyIncome city household } customerProfileV1 { segment } }
           other: customer(id: "nobody") { customerProfile { _status segment } }
           device(id: "D1") { deviceUse { sightings shareOfRoot lastSeen seenToday hours } } }`,
      ),
    );
    expect(data).toEqual({
      customer: {
        id: 'C1',
        customerProfile: {
          _status: 'PRESENT',
          _eventTime: midnight,
          segment: 'gold',
          monthlyIncome: '1234.5',
          city: 'Wuhan',
          household: 2,
        },
        customerProfileV1: { segment: 'gold' },
      },
      other: { customerProfile: { _status: 'NOT_FOUND', segment: null } },
      device: {
        deviceUse: {
          sightings: '2',
          shareOfRoot: 0.5,
          lastSeen: '2026-02-02T04:00:00.000Z',
          seenToday: true,
          hours: [3, 4],
        },
      },
    });
  });

  it('reads history as of an instant, before and after it was first known', async () => {
    const at = (day: string) => new Date(calendar.startOfDay(day) + 2 * 3_600_000).toISOString();
    const query = `query($early: DateTime, $late: DateTime) {
      early: customer(id: "C1", asOf: $early) { customerProfileV1 { _status _eventTime segment } }
      late: customer(id: "C1", asOf: $late) { customerProfileV1 { _status _eventTime segment } } }`;
    const data = ok(
      await api.graphql('modeler', query, { early: at(addDays(today, -10)), late: at(addDays(today, -2)) }),
    );
    expect(data).toEqual({
      early: { customerProfileV1: { _status: 'NOT_FOUND', _eventTime: null, segment: null } },
      late: {
        customerProfileV1: {
          _status: 'PRESENT',
          _eventTime: new Date(calendar.startOfDay(addDays(today, -2))).toISOString(),
          segment: 'gold',
        },
      },
    });
  });

  it('keeps history from decision, refuses the future, and masks for modeler', async () => {
    const query =
      'query($asOf: DateTime) { customer(id: "C1", asOf: $asOf) { customerProfile { phoneHash birthDate household } } }';
    const past = await api.graphql('decision', query, { asOf: midnight });
    expect(past.errors[0]?.extensions.code).toBe('FORBIDDEN');
    const future = await api.graphql('modeler', query, { asOf: '2100-01-01T00:00:00Z' });
    expect(future.errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    const { customer } = ok(await api.graphql<{ customer: { customerProfile: unknown } }>('modeler', query));
    expect(customer.customerProfile).toEqual({
      phoneHash: expect.stringMatching(MASK),
      birthDate: '1990-01-01',
      household: null,
    });
  });
});

describe('historicalFeatures', () => {
  const query = `query($spine: JSONObject!) { historicalFeatures(features: ["customer_profile@1"], spine: $spine, includeStatuses: true) {
    columns { name type masked } rowCount rows } }`;
  const spine = {
    customer_id: ['C1', 'C1'],
    event_timestamp: [new Date(middayClock() - 3_600_000).toISOString(), '2026-01-05T00:00:00Z'],
    amount: [5, 6],
  };
  interface Answer {
    readonly historicalFeatures: {
      readonly columns: readonly { name: string; masked: boolean }[];
      readonly rowCount: number;
      readonly rows: readonly unknown[][];
    };
  }
  const read = async (role: Role) => {
    const { historicalFeatures } = ok(await api.graphql<Answer>(role, query, { spine }));
    return historicalFeatures.rows.map((row) =>
      Object.fromEntries(historicalFeatures.columns.map(({ name }, index) => [name, row[index]])),
    );
  };

  it('answers a row a spine row, in order, with pass-through columns', async () => {
    const [newest, early] = await read('admin');
    expect(newest).toMatchObject({
      customer_id: 'C1',
      amount: 5,
      customer_profile__segment: 'gold',
      customer_profile__segment__status: 'PRESENT',
      customer_profile__phone_hash: 'phone-of-C1',
      customer_profile__birth_date: '1990-07-15',
    });
    expect(early).toMatchObject({
      amount: 6,
      customer_profile__segment: null,
      customer_profile__segment__status: 'NOT_FOUND',
    });
  });

  it('is masked for modeler as online values are', async () => {
    const [newest] = await read('modeler');
    expect(newest).toMatchObject({
      customer_profile__segment: 'gold',
      customer_profile__birth_date: '1990-01-01',
      customer_profile__household: null,
      customer_profile__household__status: 'NULL',
      customer_profile__birth_date__status: 'PRESENT',
    });
    expect(newest?.customer_profile__phone_hash).toMatch(MASK);
    const masked = async (role: Role) => {
      const { historicalFeatures } = ok(await api.graphql<Answer>(role, query, { spine }));
      return historicalFeatures.columns.filter((column) => column.masked).map(({ name }) => name);
    };
    const personal = ['phone_hash', 'birth_date', 'household'].map((name) => `customer_profile__${name}`);
    expect(await masked('modeler')).toEqual(expect.arrayContaining(personal));
    expect(await masked('admin')).toEqual([]);
  });

  it('refuses a whole number that JSON would round, in a variable as in the query, and says where', async () => {
    const read = 'historicalFeatures(features: ["device_use@1:events"], spine: ';
    const response = await api.fetch('modeler', '/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"query":"query($s: JSONObject!) { ${read.replaceAll('"', '\\"')} $s) { rows } }","variables":{"s":{"n":[1,9007199254740993]}}}`,
    });
    expect(response.status).toBe(400);
    const message = 'holds a whole number with more digits than a JSON number keeps';
    expect(await response.json()).toMatchObject({
      errors: [{ message: `\`variables.s.n[1]\` ${message}`, extensions: { code: 'BAD_USER_INPUT' } }],
    });
    const { errors } = await api.graphql('modeler', `{ ${read} { n: [9007199254740993] }) { rows } }`);
    expect(errors[0]).toMatchObject({ message: expect.stringContaining(`the query ${message}`) });
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', hint: 'write it as text, in quotes' });
  });

  it('refuses a spine without a zone, of unequal lists, or of more than 10,000 rows', async () => {
    for (const [bad, words] of [
      [{ customer_id: ['C1'], event_timestamp: ['2026-01-05T00:00:00'] }, /no time zone/],
      [{ customer_id: ['C1'], event_timestamp: [] }, /differ in length/],
      [
        { customer_id: Array(10_001).fill('C1'), event_timestamp: Array(10_001).fill('2026-01-05T00:00:00Z') },
        /10001 spine rows/,
      ],
    ] as const) {
      const { errors } = await api.graphql('modeler', query, { spine: bad });
      expect(errors[0]).toMatchObject({
        message: expect.stringMatching(words),
        extensions: { code: 'BAD_USER_INPUT' },
      });
    }
  });
});

describe('what a spine passes through', () => {
  it('counts as values of the request, in a table as in a training set', async () => {
    const rows = 10_000;
    const column = (value: string) => Array<string>(rows).fill(value);
    const passed = Object.fromEntries(Array.from({ length: 26 }, (_, index) => [`p${index}`, column('x')]));
    const spine = { customer_id: column('C1'), event_timestamp: column('2026-01-05T00:00:00Z'), ...passed };
    const features = ['customer_profile@1:segment'];
    const input = { name: 'wide', features, spine };
    for (const [query, variables] of [
      [
        'query($s: JSONObject!, $f: [String!]) { historicalFeatures(features: $f, spine: $s) { rowCount } }',
        { s: spine, f: features },
      ],
      ['mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id } }', { input }],
    ] as const) {
      const { errors } = await api.graphql('modeler', query, variables);
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['TOO_COMPLEX']);
    }
  });
});

describe('training sets', () => {
  const create = (role: Role, where = '') =>
    api.graphql<{ createTrainingSet: { id: string; job: Job } }>(
      role,
      `mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id state job ${JOB} features } }`,
      {
        input: {
          name: 'my set',
          features: ['customer_profile@1'],
          spineSql: `SELECT customer_id, toDateTime64('${new Date(middayClock() - 3_600_000).toISOString().slice(0, 23).replace('T', ' ')}', 3, 'UTC') AS event_timestamp FROM customers ${where} ORDER BY customer_id`,
          format: 'CSV',
        },
      },
    );
  const SET =
    '{ id name state progress rowCount features manifest downloadUrl error columns { name nullRate min max mean } }';
  interface Set {
    readonly trainingSet: {
      readonly id: string;
      readonly error: string | null;
      readonly manifest: {
        readonly spine: { readonly sql: string | null; readonly hash: string };
        readonly contentHash: string;
        readonly pins: { readonly runs: object; readonly imports: object; readonly spine?: { readonly hash: string } };
      };
      readonly downloadUrl: string | null;
      readonly columns: readonly Record<string, unknown>[];
    };
  }
  const build = async (role: Role) => {
    const { createTrainingSet } = ok(await create(role));
    const job = await finished(createTrainingSet.job);
    expect(job).toMatchObject({ state: 'COMPLETED', error: null });
    return createTrainingSet.id;
  };
  const show = async (role: Role, id: string) =>
    ok(await api.graphql<Set>(role, `query($id: ID!) { trainingSet(id: $id) ${SET} }`, { id })).trainingSet;

  it('are built by a job and downloaded, masked for the modeler who asked', async () => {
    const id = await build('modeler');
    const set = await show('modeler', id);
    expect(set).toMatchObject({
      name: 'my set',
      state: 'COMPLETED',
      progress: 1,
      rowCount: 2,
      error: null,
      downloadUrl: `/training-sets/${id}`,
    });
    const response = await api.fetch('modeler', set.downloadUrl as string);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="my_set.csv"');
    const text = await response.text();
    expect(text).toContain('gold');
    expect(text).toContain('1990-01-01');
    expect(text).not.toMatch(/phone-of-C1|1990-07-15/);
  });

  it('of a role that sees personal values are closed to one that sees them masked', async () => {
    const id = await build('admin');
    const set = await show('modeler', id);
    expect(set.downloadUrl).toBeNull();
    const asked = await show('admin', id);
    expect(asked.manifest.spine.sql).toContain('FROM customers');
    const { runs, imports } = asked.manifest.pins;
    expect(asked.manifest.pins.spine?.hash).toBe(asked.manifest.spine.hash);
    const hidden = { sql: null, rows: 2, hash: null };
    expect(set.manifest).toEqual({ ...asked.manifest, spine: hidden, contentHash: null, pins: { runs, imports } });
    expect(JSON.stringify(set)).not.toMatch(new RegExp(`${asked.manifest.spine.hash}|${asked.manifest.contentHash}`));
    expect(asked.columns.some(({ mean }) => mean !== null)).toBe(true);
    expect(set.columns.every(({ min, max, mean }) => min === null && max === null && mean === null)).toBe(true);
    expect((await api.fetch('modeler', `/training-sets/${id}`)).status).toBe(403);
    expect(await (await api.fetch('admin', `/training-sets/${id}`)).text()).toContain('phone-of-C1');
  });

  /** A guess under the name of every personal column of the lending schema. */
  const GUESS = 'phone-of-C1';
  const guesses = Object.fromEntries([...TABLES.personalColumns].map((name) => [name, [GUESS, GUESS]]));
  const guessed = {
    customer_id: ['C1', 'nobody'],
    event_timestamp: Array(2).fill(new Date(middayClock() - 3_600_000).toISOString()),
    ...guesses,
  };

  it('and tables give a modeler what a spine brings as it was brought: never what stands for the same value where it is stored', async () => {
    const JOIN = `query($spine: JSONObject!, $features: [String!]) {
      historicalFeatures(features: $features, spine: $spine) { columns { name masked } rows } }`;
    const join = async (feature: string) =>
      ok(
        await api.graphql<{ historicalFeatures: { columns: { name: string; masked: boolean }[]; rows: string[][] } }>(
          'modeler',
          JOIN,
          { spine: guessed, features: [feature] },
        ),
      ).historicalFeatures;
    const stands = (await join('customer_profile@1:phone_hash')).rows[0]?.at(-1) as string;
    expect(stands).toMatch(MASK);
    const table = await join('customer_profile@1:segment');
    for (const { name, masked } of table.columns) expect([name, masked]).toEqual([name, false]);
    for (const row of table.rows) expect(row.slice(2, -1)).toEqual(Object.keys(guesses).map(() => GUESS));

    const input = { name: 'guesses', features: ['customer_profile@1:segment'], spine: guessed, format: 'CSV' };
    const create = `mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id job ${JOB} } }`;
    const made = ok(await api.graphql<{ createTrainingSet: { id: string; job: Job } }>('modeler', create, { input }));
    const { id, job } = made.createTrainingSet;
    expect(await finished(job)).toMatchObject({ state: 'COMPLETED', error: null });
    const set = await show('modeler', id);
    const file = await (await api.fetch('modeler', set.downloadUrl as string)).text();
    expect(file.split('\n')[1]?.split(GUESS)).toHaveLength(TABLES.personalColumns.size + 1);
    expect(`${file}${JSON.stringify([table, set])}`).not.toContain(stands);
    expect(set.manifest.contentHash).toMatch(/^[0-9a-f]{64}$/);
    const query = `query($id: ID!) { trainingSet(id: $id) ${SET} }`;
    // Keys without a name share that of their role, and not what their callers bring.
    for (const { key } of [OTHER_MODELER, NAMELESS_MODELER]) {
      const asOther = { headers: { authorization: `Bearer ${key}` } };
      expect((await api.fetch(null, `/training-sets/${id}`, asOther)).status).toBe(403);
      const other = ok(await api.graphql<Set>(null, query, { id }, asOther.headers)).trainingSet;
      expect(other).toMatchObject({ downloadUrl: null, manifest: { contentHash: null, spine: { hash: null } } });
      expect(JSON.stringify(other)).not.toContain(GUESS);
    }
    expect((await api.fetch('admin', `/training-sets/${id}`)).status).toBe(200);
  });

  it('are rebuilt to the same content, by those alone who may read them', async () => {
    const rebuild = (role: Role, set: string) =>
      api.graphql<{ rebuildTrainingSet: { id: string; job: Job } }>(
        role,
        `mutation($id: ID!) { rebuildTrainingSet(id: $id, format: ARROW) { id job ${JOB} } }`,
        { id: set },
      );
    const id = await build('modeler');
    const { rebuildTrainingSet } = ok(await rebuild('modeler', id));
    expect(await finished(rebuildTrainingSet.job)).toMatchObject({ state: 'COMPLETED', error: null });
    const { manifest } = await show('modeler', id);
    const again = await show('modeler', rebuildTrainingSet.id);
    expect(again.manifest).toMatchObject({
      rebuildOf: id,
      format: 'ARROW',
      contentHash: (manifest as unknown as { contentHash: string }).contentHash,
    });
    const { errors } = await rebuild('modeler', await build('admin'));
    expect(errors[0]?.extensions?.code).toBe('FORBIDDEN');
  });

  it('that could not be built say why to those alone who see their rows in clear', async () => {
    const { createTrainingSet } = ok(await create('admin', 'WHERE toInt32(assumeNotNull(phone_hash)) > 0'));
    const { id, job } = createTrainingSet;
    expect(await finished(job)).toMatchObject({ state: 'FAILED' });
    const shown = async (role: Role): Promise<unknown> => {
      const document =
        'query($id: ID!, $job: ID!) { trainingSet(id: $id) { error job { error } } job(id: $job) { error } }';
      return ok(await api.graphql(role, document, { id, job: job.id }));
    };
    const told = (error: unknown) => ({ trainingSet: { error, job: { error } }, job: { error } });
    expect(await shown('admin')).toEqual(
      told(
        expect.stringMatching(
          /^the spine SQL fails on a row: a text is not written as the type that it is converted to, at .*`phone_hash`/,
        ),
      ),
    );
    expect(await shown('modeler')).toEqual(told(expect.stringMatching(/^the training set could not be built \(/)));
    const kept = [await api.app.services.api.jobs.get(job.id), await api.app.services.api.audit.list(1_000)];
    expect(JSON.stringify(kept)).not.toContain('phone-of');
  });

  it('are listed with their jobs by one query of the jobs', async () => {
    const many = vi.spyOn(api.app.services.api.jobs, 'getMany');
    const one = vi.spyOn(api.app.services.api.jobs, 'get');
    const { trainingSets } = ok(
      await api.graphql<{ trainingSets: unknown[] }>(
        'modeler',
        '{ trainingSets(limit: 500) { state progress job { id } } }',
      ),
    );
    expect(trainingSets.length).toBeGreaterThanOrEqual(2);
    expect([many.mock.calls.length, one.mock.calls.length]).toEqual([1, 0]);
    vi.restoreAllMocks();
  });

  it('need a name and exactly one spine; an unknown one is NOT_FOUND', async () => {
    const { errors } = await api.graphql(
      'modeler',
      'mutation { createTrainingSet(input: { name: "x", features: ["customer_profile@1"] }) { id } }',
    );
    expect(errors[0]?.message).toContain('exactly one of `spine`, `spineSql`, `spineId` and `spineFromLabel`');
    expect((await api.fetch('modeler', '/training-sets/nothing')).status).toBe(404);
  });

  it('are estimated no longer once the caller has closed the connection', async () => {
    const client = createClient({ url: stores.clickhouse.url });
    const running = async () => {
      const query = `SELECT count() AS total FROM system.processes WHERE current_database = '${stores.clickhouse.database}' AND position(query, 'cityHash64(a, b)') > 0 AND position(query, 'system.processes') = 0`;
      const [row] = await (await client.query({ query, format: 'JSONEachRow' })).json<{ total: string }>();
      return Number(row?.total);
    };
    const numbers = 'SELECT arrayJoin(range(100000))';
    const endless = `SELECT concat('C', toString(sum(cityHash64(a, b)))) AS customer_id, toDateTime64('2026-01-01 00:00:00', 3, 'UTC') AS event_timestamp
      FROM (${numbers} AS a) AS x CROSS JOIN (${numbers} AS b) AS y CROSS JOIN (${numbers} AS c) AS z`;
    const caller = new AbortController();
    const asked = api.fetch('modeler', '/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: 'query($input: TrainingSetInput!) { trainingSetEstimate(input: $input) { rows } }',
        variables: { input: { name: 'endless', features: ['customer_profile@1:segment'], spineSql: endless } },
      }),
      signal: caller.signal,
    });
    const waited = expect(asked).rejects.toThrow('abort');
    await vi.waitFor(async () => expect(await running()).toBe(1), { timeout: 60_000 });
    caller.abort();
    await waited;
    await vi.waitFor(async () => expect(await running()).toBe(0), { timeout: 60_000 });
    await client.close();
  });

  it('are made of an uploaded spine, whose personal values only the caller who brought them sees', async () => {
    const at = new Date(middayClock() - 3_600_000).toISOString();
    const send = (role: Role, body: string, headers: Record<string, string> = {}) =>
      api.fetch(role, '/spines', { method: 'POST', body, headers: { 'content-type': 'text/csv', ...headers } });
    const personal = `customer_id,event_timestamp,phone_hash\nC1,${at},brought\nC2,${at},\nC3,never,\n`;
    const answer = await send('modeler', personal);
    const spine = (await answer.json()) as { id: string };
    expect([answer.status, spine]).toEqual([
      200,
      {
        id: expect.any(String),
        rows: 2,
        columns: [
          { name: 'customer_id', type: 'STRING' },
          { name: 'event_timestamp', type: 'TIMESTAMP' },
          { name: 'phone_hash', type: 'STRING' },
        ],
        target: null,
        rejected: 1,
        refused: [{ line: 4, column: 'event_timestamp', reason: expect.stringContaining('is not an instant') }],
        expiresAt: expect.any(String),
      },
    ]);
    expect((await send('bi', personal)).status).toBe(403);
    expect((await send('decision', personal)).status).toBe(403);
    const audited = (await api.app.services.api.audit.list(1_000)).filter(({ action }) => action === 'POST /spines');
    expect(audited.map(({ outcome }) => outcome)).toEqual(expect.arrayContaining(['DONE', 'REFUSED']));

    const create = (role: Role | null, headers: Record<string, string> = {}) =>
      api.graphql<{ createTrainingSet: { id: string; job: Job } }>(
        role,
        `mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id job ${JOB} } }`,
        {
          input: {
            name: 'uploaded',
            features: ['customer_profile@1:segment'],
            spineId: spine.id,
            format: 'CSV',
            allowStale: true,
            // Nothing was known at the instants: there is nothing to compute.
            history: 'COMPUTE',
          },
        },
        headers,
      );
    const other = await create(null, { authorization: `Bearer ${OTHER_MODELER.key}` });
    expect(other.errors[0]).toMatchObject({
      message: `the spine '${spine.id}' holds personal values that another caller brought`,
      extensions: { code: 'FORBIDDEN' },
    });
    // Personal to the features of another view, which this caller does not ask for.
    const places = (await (await send('modeler', `customer_id,event_timestamp,latitude\nC1,${at},30.5\n`)).json()) as {
      id: string;
    };
    const placed = await api.graphql(
      null,
      'query($input: TrainingSetInput!) { trainingSetEstimate(input: $input) { rows } }',
      { input: { name: 'placed', features: ['customer_profile@1:segment'], spineId: places.id } },
      { authorization: `Bearer ${OTHER_MODELER.key}` },
    );
    expect(placed.errors[0]).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
    const estimate = ok(
      await api.graphql(
        'modeler',
        'query($input: TrainingSetInput!) { trainingSetEstimate(input: $input) { rows rowsToCompute secondsToCompute missingAsOfs { view asOfs } coverage { view present null stale notFound notComputed error } } }',
        { input: { name: 'uploaded', features: ['customer_profile@1:segment'], spineId: spine.id } },
      ),
    ).trainingSetEstimate as { coverage: unknown };
    expect(estimate).toMatchObject({ rows: 2, coverage: [{ view: 'customer_profile@1', error: 0 }] });
    const early = await api.graphql(
      'modeler',
      'query($input: TrainingSetInput!) { trainingSetEstimate(input: $input) { rows } }',
      { input: { name: 'x', features: ['customer_profile@1'], spineId: spine.id, asOf: '2100-01-01T00:00:00Z' } },
    );
    expect(early.errors[0]?.message).toBe('asOf 2100-01-01T00:00:00.000Z is in the future');
    const estimates = (await api.app.services.api.audit.list(1_000)).filter(
      ({ action }) => action === 'Query.trainingSetEstimate',
    );
    expect(new Set(estimates.map(({ outcome }) => outcome))).toEqual(new Set(['BEGUN', 'DONE', 'REFUSED', 'FAILED']));
    const { id, job } = ok(await create('modeler', { 'x-request-id': 'uploaded' })).createTrainingSet;
    const looked = (await api.app.services.api.audit.list(1_000)).filter(
      ({ details: { calls } }) => (calls as { spineId?: string }[] | undefined)?.[0]?.spineId === spine.id,
    );
    expect(looked.map(({ action, outcome, details }) => [action, outcome, details.entities])).toEqual([
      ['Mutation.createTrainingSet', 'DONE', 2],
      ['Query.trainingSetEstimate', 'DONE', 2],
    ]);
    expect(looked[0]).toMatchObject({
      requestId: 'uploaded',
      details: { calls: [{ spineId: spine.id, entities: 2 }] },
    });
    expect(looked[0]?.details.hashes).toHaveLength(2);
    expect(looked[0]?.details.hashes).toEqual(looked[1]?.details.hashes);
    expect(await finished(job)).toMatchObject({
      state: 'COMPLETED',
      result: { rowCount: 2, coverage: estimate.coverage },
    });
    const shown = await api.graphql(
      'modeler',
      'query($id: ID!) { trainingSet(id: $id) { coverage { view present null stale notFound notComputed error } } }',
      { id },
    );
    expect(ok(shown)).toEqual({ trainingSet: { coverage: estimate.coverage } });
    const file = await (await api.fetch('modeler', `/training-sets/${id}`)).text();
    expect(file.trimEnd().split('\n')).toEqual([
      '"customer_id","event_timestamp","phone_hash","customer_profile__segment"',
      `"C1","${at}","brought","gold"`,
      `"C2","${at}",,`,
    ]);
    const missing = await api.graphql(
      'modeler',
      'mutation { createTrainingSet(input: { name: "x", features: ["customer_profile@1"], spineId: "nothing" }) { id } }',
    );
    expect(missing.errors[0]?.extensions.code).toBe('NOT_FOUND');
  });

  it('refuse what Postgres cannot keep in names and SQL by its argument, also where the audit log is to keep them', async () => {
    const mutation = 'mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id } }';
    const given = { name: 'x', features: ['customer_profile@1'], spineSql: 'SELECT 1' };
    for (const [name, input, what] of [
      ['name', { ...given, name: 'a\0' }, 'the character NUL'],
      ['spineSql', { ...given, spineSql: 'SELECT 1\0' }, 'the character NUL'],
      ['features', { ...given, features: ['a\0@1'] }, 'the character NUL'],
      ['name', { ...given, name: 'a\ud83d' }, 'half a character, one surrogate of two'],
    ] as const) {
      const { errors } = await api.graphql('modeler', mutation, { input });
      expect(errors[0]).toMatchObject({ message: `\`${name}\` holds ${what}` });
      expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    }
    // The audit log keeps the first 500 characters, which end in the middle of one here.
    const long = { ...given, spineSql: `SELECT '${'x'.repeat(491)}😀' AS nothing` };
    const { errors } = await api.graphql('modeler', mutation, { input: long });
    expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  it('are listed newest first, a page at a time', async () => {
    const page = async (args: string) =>
      ok(
        await api.graphql<{ trainingSets: { id: string }[] }>('modeler', `{ trainingSets(${args}) { id } }`),
      ).trainingSets.map(({ id }) => id);
    const all = await page('limit: 50');
    expect(all.length).toBeGreaterThanOrEqual(2);
    expect(await page('limit: 1')).toEqual(all.slice(0, 1));
    expect(await page(`limit: 1, before: "${all[0]}"`)).toEqual(all.slice(1, 2));
  });

  it('and jobs are not listed after an id of nothing', async () => {
    for (const list of ['trainingSets', 'jobs']) {
      const { errors } = await api.graphql('modeler', `{ ${list}(before: "x") { id } }`);
      expect(errors[0]).toMatchObject({ message: "`before` is 'x', and the list holds no such id" });
      expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    }
  });
});

describe('jobs', () => {
  it('report progress over server-sent events until they end', async () => {
    const { data } = await api.graphql<{ materialize: Job }>(
      'admin',
      'mutation { materialize(views: ["device_use"]) { id } }',
    );
    const response = await api.fetch('modeler', '/graphql/stream', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({
        query: 'subscription($id: ID!) { jobProgress(id: $id) { id state progress } }',
        variables: { id: data?.materialize.id },
      }),
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const text = await response.text();
    expect(text).toContain('event: next');
    expect(text).toMatch(/"state":"COMPLETED"/);
    expect(text).toContain('event: complete');
  });

  it('end a stream at once where the subscriber leaves', async () => {
    await worker.close();
    const watch = vi.spyOn(api.app.services.queue, 'watch');
    const { data } = await api.graphql<{ materialize: Job }>('admin', 'mutation { materialize { id } }');
    const controller = new AbortController();
    const response = await api.fetch('modeler', '/graphql/stream', {
      method: 'POST',
      signal: controller.signal,
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: `subscription { jobProgress(id: "${data?.materialize.id}") { state } }` }),
    });
    const reader = (response.body as NonNullable<Response['body']>).pipeThrough(new TextDecoderStream()).getReader();
    let told = '';
    while (!told.includes('"state":"WAITING"')) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`the stream ended before its first event: ${told}`);
      told += value;
    }
    const [, watching] = watch.mock.calls[0] as [string, AbortSignal];
    expect(watching.aborted).toBe(false);
    const more = () =>
      api.fetch('modeler', '/graphql/stream', {
        method: 'POST',
        signal: controller.signal,
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ query: `subscription { jobProgress(id: "${data?.materialize.id}") { state } }` }),
      });
    await Promise.all(Array.from({ length: 99 }, more));
    const tooMany = await more();
    expect([tooMany.status, await tooMany.json()]).toMatchObject([
      429,
      { errors: [{ message: 'this key has 100 streams open', extensions: { code: 'RATE_LIMITED' } }] },
    ]);
    controller.abort();
    await vi.waitFor(() => expect(watching.aborted).toBe(true), { timeout: 60_000 });
    watch.mockRestore();
    const cancel = (role: Role, id: string | undefined) =>
      api.graphql<{ cancelJob: Job }>(role, `mutation { cancelJob(id: "${id}") ${JOB} }`);
    const another = (await cancel('modeler', data?.materialize.id)).errors[0];
    expect(another).toMatchObject({ message: expect.stringContaining('this key'), extensions: { code: 'FORBIDDEN' } });
    expect(ok(await cancel('admin', data?.materialize.id)).cancelJob.state).toBe('CANCELLED');
    const { createTrainingSet } = ok(
      await api.graphql<{ createTrainingSet: { job: Job } }>(
        'modeler',
        `mutation { createTrainingSet(input: { name: "own", features: ["customer_profile@1:segment"], spine: { customer_id: ["C1"], event_timestamp: ["2026-01-01T00:00:00Z"] } }) { job ${JOB} } }`,
      ),
    );
    expect(ok(await cancel('modeler', createTrainingSet.job.id)).cancelJob.state).toBe('CANCELLED');
    worker = await api.app.services.queue.startWorker({ services: api.app.services.worker });
  });

  it('of a backfill are estimated first: as-ofs, rows, what is done and how long it took before, for those who make models', async () => {
    const from = addDays(today, -3);
    const asked = `{ backfillEstimate(views: ["customer_profile@1"], from: "${from}", to: "${addDays(today, 30)}") {
      asOfs rows views { view asOfs done empty rows countedAsOfs seconds measuredRuns clampedTo } } }`;
    const { backfillEstimate: told } = ok(
      await api.graphql<{ backfillEstimate: { views: Record<string, unknown>[] } }>('modeler', asked),
    );
    expect(told.views).toMatchObject([
      { view: 'customer_profile@1', done: expect.any(Number), measuredRuns: expect.any(Number) },
    ]);
    const [view] = told.views as [
      Record<'asOfs' | 'done' | 'rows' | 'seconds' | 'measuredRuns', number> & { clampedTo: string },
    ];
    expect(view.asOfs).toBeGreaterThanOrEqual(3);
    expect(view.done).toBeGreaterThanOrEqual(3);
    expect(view.rows).toBeGreaterThan(0);
    expect(view.measuredRuns).toBeGreaterThanOrEqual(3);
    expect(view.seconds).toBeGreaterThanOrEqual(0);
    expect(Date.parse(view.clampedTo)).toBeLessThan(middayClock());
    expect((await api.graphql('decision', asked)).errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  });

  it.each([
    [
      'a backfill of days to come',
      (day: string) => `backfill(views: ["customer_profile@1"], from: "${day}", to: "${day}")`,
    ],
    [
      'a run as of a midnight to come',
      (day: string) => `materialize(views: ["customer_profile@1"], asOf: "${day}T16:00:00Z")`,
    ],
  ])('are refused where they are asked for: %s', async (_, asked) => {
    const { errors } = await api.graphql('admin', `mutation { ${asked(addDays(today, 30))} { id } }`);
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', hint: expect.any(String) });
  });

  it('serve subscriptions alone on the stream', async () => {
    const response = await api.fetch('modeler', '/graphql/stream', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: '{ entities { name } }' }),
    });
    expect(await response.text()).toContain('"code":"BAD_USER_INPUT"');
  });

  it('are listed by name and state within the limit', async () => {
    const { jobs } = ok(
      await api.graphql<{ jobs: Job[] }>('modeler', `{ jobs(name: "backfill", state: COMPLETED, limit: 5) ${JOB} }`),
    );
    expect(jobs).toMatchObject([{ name: 'backfill', state: 'COMPLETED', progress: 1 }]);
    const { errors } = await api.graphql('modeler', '{ jobs(limit: 501) { id } }');
    expect(errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', hint: 'ask for 1 to 500' });
    expect(ok(await api.graphql('modeler', '{ job(id: "nothing") { id } }'))).toEqual({ job: null });
  });

  it('are refused before they begin where a view is unknown or the days are the wrong way round', async () => {
    const unknown = await api.graphql('admin', 'mutation { materialize(views: ["nothing"]) { id } }');
    expect(unknown.errors[0]?.extensions.code).toBe('NOT_FOUND');
    const reversed = await api.graphql(
      'admin',
      'mutation { backfill(views: ["device_use"], from: "2026-02-02", to: "2026-02-01") { id } }',
    );
    expect(reversed.errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });
});

describe('the catalogue', () => {
  it('finds views by entity, tag and part of a text', async () => {
    const ids = async (args: string) =>
      ok(
        await api.graphql<{ featureViews: { name: string; version: number }[] }>(
          'bi',
          `{ featureViews${args} { name version } }`,
        ),
      ).featureViews.map(({ name, version }) => `${name}@${version}`);
    expect(await ids('')).toEqual(['customer_profile@2', 'customer_profile@1', 'device_use@1']);
    expect(await ids('(entity: "device")')).toEqual(['device_use@1']);
    expect(await ids('(tag: "place")')).toEqual(['customer_profile@2']);
    expect(await ids('(search: "ROOTED")')).toEqual(['device_use@1']);
  });

  it('answers the newest version unless one is named, and null for what is not there', async () => {
    const query =
      '{ newest: featureView(name: "customer_profile") { version ttlSeconds maxAgeSeconds } old: featureView(name: "customer_profile", version: 1) { version } none: featureView(name: "x") { name } none2: featureService(name: "decision", version: 9) { name } }';
    expect(ok(await api.graphql('bi', query))).toEqual({
      newest: { version: 2, ttlSeconds: 864_000, maxAgeSeconds: 172_800 },
      old: { version: 1 },
      none: null,
      none2: null,
    });
  });

  it('hides personal features from bi and shows them to others', async () => {
    const names = async (role: Role) =>
      ok(
        await api.graphql<{ featureView: { features: { name: string }[] } }>(
          role,
          '{ featureView(name: "customer_profile", version: 1) { features { name } } }',
        ),
      ).featureView.features.map(({ name }) => name);
    expect(await names('bi')).toEqual(['segment', 'monthly_income']);
    expect(await names('decision')).toEqual(['segment', 'monthly_income', 'phone_hash', 'birth_date', 'household']);
    expect(
      ok(await api.graphql<{ featureViews: unknown[] }>('bi', '{ featureViews(search: "phone") { name } }'))
        .featureViews,
    ).toEqual([]);
  });

  it('says how fresh each view is', async () => {
    const { freshness } = ok(
      await api.graphql<{ freshness: Record<string, unknown>[] }>(
        'modeler',
        '{ freshness { view lastEventTime lagSeconds stale keys } }',
      ),
    );
    expect(freshness.find(({ view }) => view === 'customer_profile@1')).toMatchObject({
      lastEventTime: midnight,
      stale: false,
      keys: 2,
    });
  });
});

describe('quarantine', () => {
  it('says in every reason what to write, and never the value that was refused', async () => {
    const header = 'customer_id,registered_at,birth_date,phone_hash,gender,monthly_income\n';
    const rows = [
      'C9,2026-01-01T00:00:00Z,19th-of-May,13800138000,Ms-Zhang,',
      'C10,2026-01-01T00:00:00Z,1990-02-31,,,',
      'C11,10-o-clock-sharp,,,,',
      'C13,2026-01-01T00:00:00Z,,,,twelve-thousand',
      'C14,2026-01-01T00:00:00Z,,"quoted-secret" and more,,',
    ];
    const refused = ['19th-of-May', '1990-02-31', '10-o-clock', '13800138000', 'Zhang', 'twelve', 'quoted-secret'];
    const body = `${header}${rows.join('\n')}\n`;
    await api.fetch('ingest', '/import/customers', { method: 'POST', headers: { 'content-type': 'text/csv' }, body });
    const read = async (role: Role) =>
      ok(
        await api.graphql<{ quarantine: { index: number; column: string | null; reason: string }[] }>(
          role,
          '{ quarantine(table: "customers") { index column reason } }',
        ),
      ).quarantine;
    const seen = await read('modeler');
    expect(seen).toEqual(await read('admin'));
    expect(seen.map(({ index }) => index)).toEqual([2, 3, 4, 5, 6]);
    expect(seen[0]).toEqual({ index: 2, column: 'birth_date', reason: "is not a date written 'YYYY-MM-DD'" });
    expect(seen[2]?.reason).toBe("is not an instant written as '2026-03-01T08:00:00+08:00'");
    for (const value of refused) expect(JSON.stringify(seen)).not.toContain(value);
  });
});

describe('indicators', () => {
  const args = 'names=customers_registered&by=segment&grain=MONTH&from=2026-01-01&to=2026-01-31';

  it('are the same table in GraphQL, CSV, JSON and Parquet', async () => {
    const { indicatorTable } = ok(
      await api.graphql<{ indicatorTable: { columns: { name: string }[]; rows: unknown[][]; rowCount: number } }>(
        'bi',
        '{ indicatorTable(names: ["customers_registered"], by: ["segment"], from: "2026-01-01", to: "2026-01-31") { columns { name type } rows rowCount nulls { row column reason } dataThrough asOf } }',
      ),
    );
    expect(indicatorTable.rowCount).toBe(indicatorTable.rows.length);
    const csv = await (await api.fetch('bi', `/indicators.csv?${args}`)).text();
    const lines = [indicatorTable.columns.map(({ name }) => name), ...indicatorTable.rows].map((row) =>
      row.map((cell) => cell ?? '').join(','),
    );
    expect(csv.trimEnd().split('\r\n')).toEqual(lines);
    expect(await (await api.fetch('bi', `/indicators.json?${args}`)).json()).toMatchObject({
      rows: indicatorTable.rows,
      rowCount: indicatorTable.rowCount,
    });
    const file = await (await api.fetch('bi', `/indicators.parquet?${args}`)).arrayBuffer();
    expect(await parquetReadObjects({ file })).toEqual(
      indicatorTable.rows.map(([period, segment, customers]) => ({
        period: new Date(`${period}`),
        segment,
        customers_registered: customers === null ? null : Number(customers),
      })),
    );
  });

  it.each(['csv', 'json', 'parquet'])(
    'are a file of %s with a name, sent again only once it changes',
    async (suffix) => {
      const read = (headers = {}) => api.fetch('bi', `/indicators.${suffix}?${args}`, { headers });
      const first = await read();
      const day = calendar.dateOf(middayClock());
      expect(first.headers.get('content-disposition')).toBe(`attachment; filename="indicators-${day}.${suffix}"`);
      expect(first.headers.get('cache-control')).toBe('private, no-cache');
      const tag = first.headers.get('etag') ?? '';
      const statusOf = async (held: string) => (await read({ 'if-none-match': held })).status;
      const held = await read({ 'if-none-match': `"x", ${tag}` });
      expect([held.status, held.headers.get('etag'), await held.text()]).toEqual([304, tag, '']);
      expect([await statusOf('"x"'), await statusOf('*'), await statusOf(tag.replace('W/', ''))]).toEqual([
        200, 304, 304,
      ]);
    },
  );

  it('are another file once rows come, and packed where the client takes that and the file is long', async () => {
    const read = (path: string, accepted: string) =>
      api.fetch('bi', path, { headers: { 'accept-encoding': accepted } });
    const days = `/indicators.csv?${args.replace('MONTH', 'DAY').replace('from=2026', 'from=2025')}`;
    const [packed, plain] = [await read(days, 'br, gzip;q=0.5'), await read(days, 'gzip;q=0, br')];
    expect([packed.headers.get('content-encoding'), plain.headers.get('content-encoding')]).toEqual(['gzip', null]);
    expect(packed.headers.get('etag')).toBe(plain.headers.get('etag'));
    expect(await packed.text()).toBe(await plain.text());
    expect((await read(days.replace('.csv', '.parquet'), 'gzip')).headers.get('content-encoding')).toBeNull();
    expect((await read(`/indicators.csv?${args}`, 'gzip')).headers.get('content-encoding')).toBeNull();
    await api.fetch('ingest', '/import/customers?history=true', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: 'customer_id,registered_at,segment\nE1,2026-01-03T04:00:00Z,silver\n',
    });
    const later = await api.fetch('bi', days, { headers: { 'if-none-match': plain.headers.get('etag') ?? '' } });
    expect(later.status).toBe(200);
    expect(await later.text()).toContain('2026-01-03,silver,1');
  });

  it('refuse an unknown query string, with the reason', async () => {
    for (const [query, words] of [
      ['names=customers_registered', /from/],
      [`${args}&filter=segment`, /dimension:op:value/],
      [`${args}&colour=red`, /colour/],
      [args.replace('2026-01-31', '2025-01-31'), /is after/],
    ] as const) {
      const response = await api.fetch('bi', `/indicators.csv?${query}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        error: { code: 'BAD_USER_INPUT', message: expect.stringMatching(words) },
      });
    }
  });

  it('take filters in the query string', async () => {
    const csv = await (await api.fetch('bi', `/indicators.csv?${args}&filter=segment:in:gold,silver`)).text();
    expect(csv).toContain('gold');
  });

  it('are those of the rows that a key has rights to, through every door and however they are asked for', async () => {
    const as = (key: string) => ({ authorization: `Bearer ${key}` });
    const read = (suffix: string, query: string, headers: Record<string, string> = as(PARTNER.key)) =>
      api.fetch(null, `/indicators.${suffix}?${query}`, { headers });
    const total = args.replace('&by=segment', '');
    const own = `${total}&filter=segment:eq:silver`;
    for (const suffix of ['csv', 'json', 'parquet']) {
      const [bound, filtered] = [await read(suffix, total), await read(suffix, own, as(keyOf('bi')))];
      // The tag stands for what the file holds.
      expect(bound.headers.get('etag')).toBe(filtered.headers.get('etag'));
      // What another key was sent is no file of this one.
      const whole = (await read(suffix, total, as(keyOf('bi')))).headers.get('etag') ?? '';
      expect((await read(suffix, total, { ...as(PARTNER.key), 'if-none-match': whole })).status).toBe(200);
    }
    const askAll = 'names: ["customers_registered"], from: "2026-01-01", to: "2026-01-31"';
    const tried = [
      ['by: ["segment"]', ['silver']],
      ['by: ["segment"], filters: [{ dimension: "segment", op: NE, values: ["silver"] }]', []],
      ['by: ["segment"], filters: [{ dimension: "segment", op: IN, values: ["gold", "silver"] }]', ['silver']],
      ['by: ["segment"], filters: [{ dimension: "segment", op: LT, values: ["silver"] }]', []],
      ['by: ["segment"], compare: PREVIOUS_PERIOD, components: true, orderBy: "-segment"', ['silver']],
      ['by: ["segment"], asOf: "2026-06-01T00:00:00Z", grain: TOTAL', ['silver']],
    ] as const;
    for (const [asked, segments] of tried) {
      const query = `{ indicatorTable(${askAll}, ${asked}) { rows } }`;
      const { indicatorTable } = ok(
        await api.graphql<{ indicatorTable: { rows: unknown[][] } }>(null, query, {}, as(PARTNER.key)),
      );
      expect([asked, [...new Set(indicatorTable.rows.map((row) => row[1]))]]).toEqual([asked, segments]);
    }
    const { errors } = await api.graphql(null, '{ vintage { rows } }', {}, as(PARTNER.key));
    expect(errors[0]?.message).toMatch(/has no segment|there is no fact/);
  });

  it('are read by a link without a key, within what it was made for, until it is revoked', async () => {
    const made = async (more: string) =>
      api.graphql<{ createReportLink: { path: string; link: Record<string, unknown> } }>(
        'admin',
        `mutation { createReportLink(name: "board.xlsx", report: INDICATORS, ${more}) { path link { id name rows { dimension values } createdBy revokedAt } } }`,
      );
    const names = 'indicators: ["customers_registered"]';
    const { createReportLink } = ok(await made(`${names}, rights: [{ dimension: "segment", values: ["silver"] }]`));
    const { path, link } = createReportLink;
    expect(link).toMatchObject({ name: 'board.xlsx', createdBy: 'admin', revokedAt: null });
    const months = 'grain=MONTH&from=2026-01-01&to=2026-01-31';
    const read = (query: string, suffix = 'csv', headers = {}) =>
      api.fetch(null, `${path}/report.${suffix}?${query}`, { headers });
    for (const suffix of ['csv', 'json', 'parquet']) {
      const own = await api.fetch(
        'bi',
        `/indicators.${suffix}?names=customers_registered&${months}&filter=segment:eq:silver`,
      );
      const first = await read(months, suffix, { 'x-request-id': `link-${suffix}` });
      expect([first.status, first.headers.get('etag')]).toEqual([200, own.headers.get('etag')]);
      expect((await read(months, suffix, { 'if-none-match': first.headers.get('etag') ?? '' })).status).toBe(304);
    }
    // More than it was made for is not there to ask.
    const tried = [`${months}&names=customers_registered`, `${months}&name=x`, 'from=2026-01-01'];
    for (const query of tried) expect((await read(query)).status).toBe(400);
    expect(await (await read(`${months}&by=segment&filter=segment:ne:silver`)).text()).not.toMatch(/gold|silver,\d/);
    // The secret is in the address alone: it is no key, and in no log.
    const secret = path.split('/').at(-1) ?? '';
    for (const [url, init] of [
      [`/links/${secret.slice(0, -1)}x/report.csv?${months}`, {}],
      ['/links/x/report.csv', {}],
      [`/indicators.csv?names=customers_registered&${months}`, { headers: { authorization: `Bearer ${secret}` } }],
    ] as const) {
      expect((await api.fetch(null, url, init)).status).toBe(401);
    }
    const { audit } = api.app.services.api;
    await audit.flush();
    const entries = await audit.list(200);
    expect(JSON.stringify(entries)).not.toContain(secret);
    expect(entries.filter(({ requestId }) => requestId === 'link-csv')).toMatchObject([
      { outcome: 'DONE', caller: { name: 'link board.xlsx', role: 'bi' }, action: 'GET /links/:secret/report.csv' },
      { outcome: 'BEGUN' },
    ]);
    expect(entries.find(({ action }) => action === 'Mutation.createReportLink')?.details).toMatchObject({
      arguments: { name: 'board.xlsx', indicators: ['customers_registered'] },
    });
    const held = await api.graphql<{ reportLinks: unknown[] }>('admin', '{ reportLinks { id name report revokedAt } }');
    expect(JSON.stringify(held)).not.toContain(secret);
    const revoke = `mutation { revokeReportLink(id: "${link.id}") { revokedAt } }`;
    expect(ok(await api.graphql<Record<string, unknown>>('admin', revoke)).revokeReportLink).not.toHaveProperty(
      'revokedAt',
      null,
    );
    expect((await read(months)).status).toBe(401);
    for (const [more, words] of [
      ['indicators: []', /names 0 indicators/],
      ['indicators: ["customers_registred"]', /customers_registred/],
      [`${names}, rights: [{ dimension: "segmnt", values: ["x"] }]`, /'segmnt' is not a dimension/],
      [`${names}, rights: [{ dimension: "segment", values: [] }]`, /has no values/],
      [`${names}, expiresAt: "2020-01-01T00:00:00Z"`, /is over/],
    ] as const) {
      expect((await made(more)).errors[0]?.message).toMatch(words);
    }
  });

  it('leave in the audit log by how many filters they were asked, and none of their values', async () => {
    const read = (filters: string, id: string) =>
      api.fetch('bi', `/indicators.csv?${args}${filters}`, { headers: { 'x-request-id': id } });
    await read('&filter=segment:eq:C0000001', 'filter-1');
    await read('&filter=segment:eq:C0000001&filter=C0000002', 'filter-2');
    const { audit } = api.app.services.api;
    const kept = (await audit.list(50)).filter(({ requestId }) => requestId.startsWith('filter-'));
    const said = kept.map(({ details }) => (details.query as { filter: unknown }).filter);
    expect(said.sort()).toEqual(['1 value', '1 value', '2 values', '2 values']);
    expect(JSON.stringify(kept)).not.toMatch(/C000000/);
  });

  it('are a CSV in which text is no formula for a spreadsheet, unless it is asked for as it is', async () => {
    const body = 'customer_id,registered_at,segment\nF1,2026-02-03T04:00:00Z,"=1+1"\n';
    await api.fetch('ingest', '/import/customers?history=true', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body,
    });
    const february = args.replaceAll('2026-01', '2026-02').replace('02-31', '02-28');
    const read = async (path: string) => (await api.fetch('bi', path)).text();
    expect(await read(`/indicators.csv?${february}`)).toContain("2026-02-01,'=1+1,1");
    expect(await read(`/indicators.csv?${february}&formulas=keep`)).toContain('2026-02-01,=1+1,1');
    expect(JSON.parse(await read(`/indicators.json?${february}`))).toMatchObject({
      rows: [['2026-02-01', '=1+1', '1']],
    });
    expect(await read(`/indicators.csv?${february}&formulas=drop`)).toMatch(/formulas/);
  });
});
