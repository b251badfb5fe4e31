/** On-demand features over GraphQL, on the definitions of the product: the decision on an application. */
import { cellToParent } from 'h3-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../../src/commands/client.js';
import { typesOfServer } from '../../src/commands/codegen.js';
import type { View } from '../../src/core/definitions/definitions.js';
import { formatInstant } from '../../src/core/helpers/time.js';
import { openDatabase } from '../../src/ledgers/data-source.js';
import { createDefinitionLedger } from '../../src/ledgers/definition-ledger.js';
import { type Api, type GraphqlAnswer, keyOf, startApi } from '../support/api.js';
import { ROOT } from '../support/views.js';

let api: Api;
let online: number;

const ok = <T>({ data, errors }: GraphqlAnswer<T>): T => {
  expect(errors).toEqual([]);
  return data as T;
};

beforeAll(async () => {
  api = await startApi({ definitions: ROOT });
  ok(await api.graphql('admin', 'mutation { applyRegistry { problems } }'));
  online = Date.now() - 3_600_000;
  const write = async (id: string, of: Readonly<Record<string, unknown>>) => {
    const view = api.app.registry.views.get(id) as View;
    const values = view.features.map(({ name }) => (of[name] ?? null) as string);
    const row = { key: ['C1'], eventTime: online, availableAt: online, sequence: 1, tombstone: false, values };
    await api.app.services.worker.online.write(view, [row]);
  };
  await write('customer_profile@1', { monthly_income: '8000', days_since_registration: 30 });
  await write('home_location@1', { latitude: 31.2304, longitude: 121.4737, datum: 'WGS84', nights: 9 });
  await write('customer_places@1', { home_latitude: 31.2304, home_longitude: 121.4737 });
  await write('application_history@1', { applications_90d: 2 });
});

afterAll(() => api.close());

const READ = `query($service: String, $features: [String!], $entities: JSONObject!, $request: JSONObject) {
  onlineFeatures(service: $service, features: $features, entities: $entities, request: $request) {
    columns { name view type values statuses masked } views { view eventTimes } } }`;

interface Read {
  readonly onlineFeatures: {
    readonly columns: readonly {
      name: string;
      view: string;
      type: string;
      values: unknown[];
      statuses: string[];
      masked: boolean;
    }[];
    readonly views: readonly { view: string; eventTimes: (string | null)[] }[];
  };
}

const entities = { customer_id: ['C1', 'nobody'] };
const REQUEST = {
  requested_amount: ['12000', '500.00'],
  term_months: [12, 3],
  annual_rate: ['0.24', '0'],
  latitude: [39.9042, 39.9042],
  longitude: [116.4074, 116.4074],
  datum: ['WGS84', 'XY'],
};
const SERVICE = 'application_decision@1';

async function shown(role: 'decision' | 'modeler'): Promise<Record<string, unknown[]>> {
  const answer = ok(await api.graphql<Read>(role, READ, { service: SERVICE, entities, request: REQUEST }));
  return Object.fromEntries(answer.onlineFeatures.columns.map(({ name, values }) => [name.split(':')[1], values]));
}

describe('a decision', () => {
  it('reads computed and stored features in one request', async () => {
    const values = await shown('decision');
    expect(values).toMatchObject({
      amount_over_income: [1.5, null],
      // Three times 500 / 3 would be a cent short: each instalment is rounded by itself.
      instalment: ['1134.72', '166.67'],
      instalment_over_income: [0.14184, null],
      debt_over_income: [1.5, null],
      cell: ['8931aa4282fffff', null],
      far_from_home: [true, null],
      monthly_income: ['8000', null],
      applications_90d: [2, null],
    });
    // Between the two points, as atlases give it.
    expect(values.distance_from_home_km?.[0]).toBeCloseTo(1067, -1);
    expect(values).not.toHaveProperty('latitude');
    expect(values).not.toHaveProperty('principal_outstanding');
  });

  it('says when its oldest input happened, and nothing of views that are only computed from', async () => {
    const features = ['application_affordability@1:amount_over_income', 'application_place@1:cell'];
    const { onlineFeatures } = ok(await api.graphql<Read>('decision', READ, { features, entities, request: REQUEST }));
    expect(onlineFeatures.columns.map(({ name, type }) => [name, type])).toEqual([
      [features[0], 'FLOAT64'],
      [features[1], 'STRING'],
    ]);
    expect(onlineFeatures.views).toEqual([
      { view: 'application_affordability@1', eventTimes: [formatInstant(online), null] },
      { view: 'application_place@1', eventTimes: [formatInstant(online), null] },
    ]);
  });

  it('shows a modeler what follows from the request, and nothing of the stored place that it is compared with', async () => {
    const [clear, masked] = [await shown('decision'), await shown('modeler')];
    expect(masked).toMatchObject({ amount_over_income: clear.amount_over_income, instalment: clear.instalment });
    expect(masked.cell).toEqual(clear.cell);
    expect([masked.distance_from_home_km, masked.far_from_home]).toEqual([
      [null, null],
      [null, null],
    ]);
    const answer = ok(await api.graphql<Read>('modeler', READ, { service: SERVICE, entities, request: REQUEST }));
    for (const { values, statuses, masked: isMasked } of answer.onlineFeatures.columns) {
      for (const [index, value] of values.entries())
        expect(value === null && statuses[index] === 'PRESENT').toBe(false);
      if (isMasked) expect(statuses[0]).not.toBe(values[0] === null ? 'PRESENT' : 'NULL');
    }
    const personal = answer.onlineFeatures.columns
      .filter((column) => column.masked)
      .map(({ name }) => name.split(':')[1]);
    expect(personal.sort()).toEqual(['cell', 'distance_from_home_km', 'far_from_home']);
  });

  const without = (name: string) => Object.fromEntries(Object.entries(REQUEST).filter(([key]) => key !== name));

  it.each([
    [
      'no request',
      {},
      /`request` lacks requested_amount DECIMAL \(for application_affordability@1\); term_months INT32/,
    ],
    [
      'a missing input',
      { request: without('latitude') },
      /`request` lacks latitude FLOAT64 \(for application_place@1\)$/,
    ],
    ['an unknown input', { request: { ...REQUEST, colour: ['a', 'b'] } }, /holds colour, which no feature asked for/],
    ['a short list', { request: { ...REQUEST, datum: ['WGS84'] } }, /`request\.datum` has 1 values for 2 rows/],
    [
      'a value of another type',
      { request: { ...REQUEST, term_months: [12, 1.5] } },
      /request\.term_months\[1\] is not valid: INT32/,
    ],
  ])('with %s is refused, naming what is required', async (_, more, words) => {
    const { errors } = await api.graphql('decision', READ, { service: SERVICE, entities, ...more });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    expect(errors[0]?.message).toMatch(words);
  });

  it('refuses a request that no feature computes from', async () => {
    const features = ['customer_profile@1:monthly_income'];
    const { errors } = await api.graphql('decision', READ, {
      features,
      entities,
      request: { requested_amount: ['1', '2'] },
    });
    expect(errors[0]?.message).toContain('`request` holds requested_amount, which no feature asked for computes from');
    const score =
      'query($r: JSONObject) { score(model: "uci_default@1", entities: { customer_id: ["C1"] }, request: $r) { requestId } }';
    const scored = await api.graphql('decision', score, { r: { amount: ['1'] } });
    expect(scored.errors[0]?.message).toContain('`request` holds amount');
  });
});

describe('a historical table', () => {
  const QUERY = `query($features: [String!], $spine: JSONObject!) { historicalFeatures(features: $features, spine: $spine, includeStatuses: true) {
    columns { name type } rows } }`;
  const spine = {
    customer_id: ['C1'],
    event_timestamp: ['2026-01-01T00:00:00Z'],
    requested_amount: ['12000.50'],
    term_months: [10],
    annual_rate: [0],
  };

  it('takes the inputs from the spine, typed as they are declared', async () => {
    const features = ['application_affordability@1:instalment', 'application_affordability@1:amount_over_income'];
    const { historicalFeatures } = ok(
      await api.graphql<{ historicalFeatures: { columns: { name: string; type: string }[]; rows: unknown[][] } }>(
        'modeler',
        QUERY,
        { features, spine },
      ),
    );
    expect(historicalFeatures.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      ...[
        'customer_id STRING',
        'event_timestamp TIMESTAMP',
        'requested_amount DECIMAL',
        'term_months INT32',
        'annual_rate DECIMAL',
      ],
      ...['application_affordability__instalment DECIMAL', 'application_affordability__instalment__status STRING'],
      ...[
        'application_affordability__amount_over_income FLOAT64',
        'application_affordability__amount_over_income__status STRING',
      ],
    ]);
    expect(historicalFeatures.rows).toEqual([
      ['C1', '2026-01-01T00:00:00.000Z', '12000.5', 10, '0', '1200.05', 'PRESENT', null, 'NULL'],
    ]);
  });

  it('refuses a spine that lacks one', async () => {
    const { errors } = await api.graphql('modeler', QUERY, { features: ['application_place@1:cell'], spine });
    expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(errors[0]?.message).toContain('the spine lacks latitude FLOAT64 (for application_place@1)');
    const set = `mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id } }`;
    const input = { name: 'x', features: ['application_place@1:cell'], spine };
    const asked = await api.graphql('modeler', set, { input });
    expect(asked.errors[0]?.message).toContain('the spine lacks latitude FLOAT64 (for application_place@1)');
  });
});

describe('the catalogue', () => {
  it('lists the views with what they are computed from, and they expire never', async () => {
    const view = `name version entity kind ttlSeconds maxAgeSeconds features { name type tags }`;
    const { featureView, featureService } = ok(
      await api.graphql<{ featureView: Record<string, unknown>; featureService: { features: string[] } }>(
        'modeler',
        `{ featureView(name: "application_place") { ${view} } featureService(name: "application_decision") { features } }`,
      ),
    );
    expect(featureView).toMatchObject({ name: 'application_place', version: 2, entity: 'customer', kind: 'ON_DEMAND' });
    expect(featureView).toMatchObject({ ttlSeconds: null, maxAgeSeconds: null });
    expect(featureService.features.slice(0, 5)).toEqual([
      ...['amount_over_income', 'instalment', 'instalment_over_income', 'debt_over_income'].map(
        (name) => `application_affordability@1:${name}`,
      ),
      'application_place@1:cell',
    ]);
  });

  it('names to bi nothing personal that a function takes or a view reads, in no version', async () => {
    const database = await openDatabase({ url: api.app.config.postgresUrl as string, log: api.app.telemetry.log });
    const ledger = createDefinitionLedger(database.dataSource);
    const held = (await ledger.all()).find(({ id }) => id === 'application_place@1');
    const snapshot = { ...held?.snapshot, request: [], inputs: [] };
    const old = { kind: 'on_demand' as const, name: 'application_place', version: 9, id: 'application_place@9' };
    await ledger.publish([{ ...old, hash: 'gone', appliedAt: 1_700_000_000_000, snapshot }]);
    await ledger.retire([old], 1_700_000_100_000);
    await database.close();
    await api.app.services.api.catalogue.refresh();
    const question = `{
      featureView(name: "application_place", version: 1) { requestInputs { name } }
      features(search: "home_location datum") { reference feature { columns { column } } }
      featureViewDiff(name: "application_place", from: 9, to: 1) { differences { attribute after words } } }`;
    const modeler = JSON.stringify(ok(await api.graphql('modeler', question)));
    const bi = JSON.stringify(ok(await api.graphql('bi', question)));
    expect(modeler).toMatch(/"latitude".*"column":"latitude".*home_location@1:longitude/);
    expect(bi).toMatch(/"datum".*"column":"datum".*home_location@1:datum/);
    expect(bi).not.toMatch(/latitude|longitude/);
  });

  it('refuses to materialize one, saying what to name in its place', async () => {
    const { errors } = await api.graphql('admin', 'mutation { materialize(views: ["application_place@1"]) { id } }');
    expect(errors[0]?.message).toContain('application_place@1 is an on-demand view');
    expect(errors[0]?.extensions.hint).toContain('home_location@1');
  });

  it('says how one ends, where somebody asks to retire it', async () => {
    const retire = (view: string) =>
      api.graphql('admin', `mutation { retireFeatureView(view: "${view}") { problems } }`);
    const { errors } = await retire('application_place@1');
    expect(errors[0]).toMatchObject({ message: expect.stringContaining('application_place@1 is an on-demand view') });
    expect(errors[0]?.extensions.hint).toContain('delete its file and apply');
    expect((await retire('nothing@1')).errors[0]?.extensions.code).toBe('NOT_FOUND');
  });
});

describe('codegen', () => {
  const types = (role: 'decision' | 'modeler') => typesOfServer(new Client({ url: api.url, key: keyOf(role) }));

  it('writes of each feature its type and the inputs that it alone needs', async () => {
    const written = await types('modeler');
    expect(written).toContain(
      "'application_place@1:cell': { entity: 'customer'; type: 'STRING'; request: { latitude: 'FLOAT64'; longitude: 'FLOAT64'; datum: 'STRING' } };",
    );
    expect(written).toContain(
      "'application_affordability@1:amount_over_income': { entity: 'customer'; type: 'FLOAT64'; request: { requested_amount: 'DECIMAL'; term_months: 'INT32'; annual_rate: 'DECIMAL' } };",
    );
    expect(written).toContain("'customer_profile@1:monthly_income': { entity: 'customer'; type: 'DECIMAL' };");
    expect(written).toContain("    customer_device: 'customer_id' | 'device_id';");
    expect(written).toContain("    utilization_rate: 'product' | 'province' | 'segment' | 'channel';");
    expect(await types('modeler')).toBe(written);
  });

  it('writes no names of what the key may not read', async () => {
    const written = await types('decision');
    expect(written).toContain('  indicators: Record<never, never>;');
    expect(written).toContain(
      "    'application_decision@1':\n      | 'application_affordability@1:amount_over_income'",
    );
  });
});

describe('a declassified feature', () => {
  const features = ['cell', 'position_status', 'distance_from_home_km', 'far_from_home'].map(
    (name) => `application_place@2:${name}`,
  );
  const request = {
    latitude: [39.9042, 0],
    longitude: [116.4074, 0],
    datum: ['WGS84', 'WGS84'],
    is_mock_location: [false, null],
  };

  it('is read in clear by a modeler, while what it is computed from stays masked', async () => {
    const variables = { features: [...features, 'customer_places@1:home_latitude'], entities, request };
    const { columns } = ok(await api.graphql<Read>('modeler', READ, variables)).onlineFeatures;
    const [cell, status, distance, far, home] = columns;
    expect(cell).toMatchObject({ values: ['8831aa4283fffff', null], masked: false });
    expect(status).toMatchObject({ values: ['VALID', 'ZERO'], masked: false });
    expect(distance?.values[0]).toBeCloseTo(1067, -1);
    expect(distance).toMatchObject({ statuses: ['PRESENT', 'NULL'], masked: false });
    expect(far).toMatchObject({ values: [true, null], masked: false });
    expect(home).toMatchObject({ values: [null, null], statuses: ['NULL', 'NOT_FOUND'], masked: true });
  });

  it('says why in the catalogue, and the audit log keeps who declassified it', async () => {
    const { featureView } = ok(
      await api.graphql<{ featureView: { features: { name: string; declassified: string | null }[] } }>(
        'modeler',
        '{ featureView(name: "application_place", version: 2) { features { name declassified } } }',
      ),
    );
    expect(featureView.features).toContainEqual({
      name: 'distance_from_home_km',
      declassified: 'a distance says no place',
    });
    expect(featureView.features).toContainEqual({ name: 'cell', declassified: null });
    const database = await openDatabase({ url: api.app.config.postgresUrl as string, log: api.app.telemetry.log });
    const kept = await database.dataSource.query("SELECT details, outcome FROM audit_log WHERE action = 'declassify'");
    await database.close();
    expect(kept).toContainEqual({
      outcome: 'DONE',
      details: {
        view: 'application_place@2',
        feature: 'distance_from_home_km',
        owner: 'fraud-risk',
        reason: 'a distance says no place',
      },
    });
  });
});

describe('cells', () => {
  const CELLS_AT = `query($latitude: Float!, $longitude: Float!, $datum: Datum! = WGS84) {
    cellsAt(latitude: $latitude, longitude: $longitude, datum: $datum) { latitude longitude h3 geohash } }`;
  const at = async (variables: Readonly<Record<string, unknown>>) =>
    ok(await api.graphql<{ cellsAt: Record<string, unknown> | null }>('decision', CELLS_AT, variables)).cellsAt;

  it('are found for a position, whichever datum reported it, and none where it is no position', async () => {
    const beijing = { latitude: 39.9042, longitude: 116.4074 };
    expect(await at(beijing)).toEqual({ ...beijing, h3: '8831aa4283fffff', geohash: 'wx4g0b' });
    // The same place by Amap: Beijing is shifted by 1.4 milli-degrees north and 6.2 east.
    const amap = await at({ latitude: 39.90560334, longitude: 116.41364225, datum: 'GCJ02' });
    expect(amap).toMatchObject({ h3: '8831aa4283fffff', geohash: 'wx4g0b' });
    for (const none of [
      { latitude: 95.5, longitude: 500 },
      { latitude: 0, longitude: 0 },
      { latitude: 116.4074, longitude: 39.9042 },
    ])
      expect(await at(none)).toBeNull();
    const { errors } = await api.graphql('decision', '{ cellsAt(latitude: 1, longitude: 1, geohash: 13) { h3 } }');
    expect(errors[0]?.message).toBe('there is no geohash level 13');
  });

  it('have a centre, a boundary for a map, a parent, children and neighbours in both systems', async () => {
    const { h3, geohash } = ok(
      await api.graphql<Record<'h3' | 'geohash', Record<string, unknown>>>(
        'modeler',
        `{ h3: cell(id: "8831AA4283FFFFF") { ...shape } geohash: cell(id: "wx4g0b") { ...shape } }
        fragment shape on Cell { id system resolution latitude longitude boundary parent children neighbours }`,
      ),
    ) as Record<'h3' | 'geohash', Record<string, unknown>>;
    expect(h3).toMatchObject({ id: '8831aa4283fffff', system: 'H3', resolution: 8, parent: '8731aa428ffffff' });
    expect(h3.children).toHaveLength(7);
    expect(h3.neighbours).toHaveLength(6);
    expect(h3.boundary).toMatchObject({ type: 'Polygon', coordinates: [expect.any(Array)] });
    expect(geohash).toMatchObject({ system: 'GEOHASH', resolution: 6, parent: 'wx4g0' });
    expect(geohash.children).toHaveLength(32);
    expect(geohash.neighbours).toHaveLength(8);
    // 15 bits each: the 26,979th cell from 180° W, 360° / 2^15 wide, and the 23,648th from the south pole, 180° / 2^15 high.
    const [west, south] = [(26_979 * 360) / 2 ** 15 - 180, (23_648 * 180) / 2 ** 15 - 90];
    const [east, north] = [west + 360 / 2 ** 15, south + 180 / 2 ** 15];
    expect(geohash.boundary).toEqual({
      type: 'Polygon',
      coordinates: [
        [
          [west, south],
          [east, south],
          [east, north],
          [west, north],
          [west, south],
        ],
      ],
    });
  });

  it('are read in rings around one, and what is no cell is refused by what it should be', async () => {
    const near = async (id: string, rings: number) =>
      await api.graphql<{ cellsNear: { id: string }[] }>(
        'decision',
        'query($id: ID!, $rings: Int!) { cellsNear(id: $id, rings: $rings) { id latitude } }',
        { id, rings },
      );
    const h3 = ok(await near('8831aa4283fffff', 2)).cellsNear.map(({ id }) => id);
    expect([h3[0], h3.length, new Set(h3).size]).toEqual(['8831aa4283fffff', 19, 19]);
    expect(ok(await near('wx4g0b', 1)).cellsNear).toHaveLength(9);
    expect((await near('Beijing', 1)).errors[0]).toMatchObject({
      message: "'Beijing' is neither an H3 index nor a geohash",
      extensions: { code: 'BAD_USER_INPUT' },
    });
    expect((await near('8831aa4283fffff', 13)).errors[0]?.message).toBe('13 rings hold more than 500 cells');
  });

  it('are files for a map: those within a cell that have a value, with their boundaries and features', async () => {
    const view = api.app.registry.views.get('cell_activity@1') as View;
    const values = view.features.map(({ name }) => (name === 'applications_1d' ? 4 : null));
    const row = { eventTime: online, availableAt: online, sequence: 1, tombstone: false, values };
    // One of the 49 hexagons of resolution 8 within a hexagon of resolution 6, and one beside it.
    await api.app.services.worker.online.write(view, [
      { ...row, key: ['8831aa4283fffff'] },
      { ...row, key: ['8828308281fffff'] },
    ]);
    const within = cellToParent('8831aa4283fffff', 6);
    const path = `within=${within}&resolution=8&features=cell_activity@1:applications_1d`;
    const csv = await api.fetch('investigator', `/cells.csv?${path}`);
    expect(csv.headers.get('content-disposition')).toMatch(/filename="cells-\d{4}-\d\d-\d\d\.csv"/);
    expect((await csv.text()).split('\r\n')).toEqual([
      'cell,resolution,latitude,longitude,cell_activity@1:applications_1d',
      expect.stringMatching(/^8831aa4283fffff,8,39\.9\d+,116\.4\d+,4$/),
      '',
    ]);
    const map = await api.fetch('decision', `/cells.geojson?${path}`);
    expect(map.headers.get('content-type')).toBe('application/geo+json; charset=utf-8');
    const { features, ...collection } = (await map.json()) as { features: object[] };
    expect(collection).toEqual({ type: 'FeatureCollection' });
    expect(features).toMatchObject([
      {
        type: 'Feature',
        id: '8831aa4283fffff',
        geometry: { type: 'Polygon' },
        properties: { cell: '8831aa4283fffff', resolution: 8, 'cell_activity@1:applications_1d': 4 },
      },
    ]);
    for (const [query, says] of [
      ['within=Beijing&resolution=8', "`within` is 'Beijing', which is neither an H3 index nor a geohash"],
      [`within=${within}`, "`resolution` is ''"],
      [`within=${within}&resolution=5`, "`resolution` is '5'"],
      [`within=${within}&resolution=12`, `more than 2401 cells of resolution 12 are within ${within}`],
      [
        `within=${within}&resolution=8&features=customer_profile@1:monthly_income`,
        'customer_profile@1:monthly_income is no stored feature of cells',
      ],
    ] as const) {
      const refused = await api.fetch('admin', `/cells.csv?${query}`);
      expect([refused.status, await refused.json()]).toMatchObject([
        400,
        { error: { code: 'BAD_USER_INPUT', message: says } },
      ]);
    }
  });
});
