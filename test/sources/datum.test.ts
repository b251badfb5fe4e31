import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { raw, sql } from '../../src/core/definitions/sql.js';
import { h3At } from '../../src/core/helpers/cells.js';
import { inDatum } from '../../src/core/helpers/datums.js';
import { fitTables } from '../../src/warehouse/table-shapes.js';
import { TABLES } from '../support/tables.js';
import { NOW, openSources, type Sources } from './support.js';

let sources: Sources;
beforeAll(async () => {
  sources = await openSources('Asia/Shanghai', 'GCJ02');
});
afterAll(() => sources.close());
beforeEach(async () => {
  for (const table of ['applications', 'events', 'places']) await sources.run(`TRUNCATE TABLE ${table}`);
});

const APPLICATION =
  '{"application_id":"A1","customer_id":"C1","kind":"LOAN","product":"p","applied_at":"2024-01-01T00:00:00Z","amount":"1","term_months":12';
const event = (id: string, more: string) => `${id},OPEN,2024-01-01T00:00:00Z,${more}\n`;
const EVENTS = [
  'event_id,event_type,event_time,latitude,longitude,datum\n',
  event('E1', '30.5,114.3,'),
  event('E2', '30.5,114.3,BD09'),
  event('E3', ',,'),
  event('E4', '30.5,,'),
].join('');
const datumsOf = (table: string, key: string) =>
  sources.rows(`SELECT ${key} AS key, datum FROM ${table} ORDER BY key, seq`);

it('a position without a datum is stored with the portfolio’s; one with its own keeps it, and no position gets none', async () => {
  await sources.load('events', EVENTS);
  expect(await datumsOf('events', 'event_id')).toEqual([
    { key: 'E1', datum: 'GCJ02' },
    { key: 'E2', datum: 'BD09' },
    { key: 'E3', datum: null },
    { key: 'E4', datum: null },
  ]);
});

it('a file without the column is filled too, and the same row with its datum is a duplicate', async () => {
  const format = 'ndjson';
  const position = `${APPLICATION},"latitude":30.5,"longitude":114.3`;
  expect(await sources.load('applications', `${position}}\n`, { format })).toMatchObject({ accepted: 1 });
  for (const again of [`${position}}\n`, `${position},"datum":"GCJ02"}\n`])
    expect(await sources.load('applications', again, { format, now: NOW + 1 })).toMatchObject({
      accepted: 0,
      duplicates: 1,
    });
  expect(await datumsOf('applications', 'application_id')).toEqual([{ key: 'A1', datum: 'GCJ02' }]);
});

it('another datum of the same position is a new version', async () => {
  await sources.load('events', EVENTS);
  const moved = EVENTS.replace('114.3,\n', '114.3,WGS84\n');
  expect(await sources.load('events', moved, { now: NOW + 1 })).toMatchObject({ accepted: 1, duplicates: 3 });
});

it('places, whose datum the schema fixes, are stored as before', async () => {
  const file = 'province,city,latitude,longitude\nHubei,Wuhan,30.5,114.3\n';
  expect(await sources.load('places', file)).toMatchObject({ accepted: 1 });
});

const WUHAN = { latitude: 30.5, longitude: 114.3 };
const POSITIONS = [
  'event_id,event_type,event_time,latitude,longitude,datum,is_mock_location\n',
  event('E1', `${WUHAN.latitude},${WUHAN.longitude},WGS84,0`),
  event('E2', `${Object.values(inDatum(WUHAN, 'GCJ02')).join(',')},,`),
  event('E3', `${WUHAN.latitude},${WUHAN.longitude},WGS84,1`),
  event('E4', '0,0,WGS84,'),
  event('E5', '87.6168,43.8256,WGS84,'),
  event('E6', '30.5,,WGS84,'),
  event('E7', ',,,'),
].join('');
const computed = () =>
  sources.rows<{ event_id: string; status: string; h3: string | null; place: string | null }>(
    `SELECT event_id, position_status AS status, h3, substring(geohash, 1, 8) AS geohash,
      toString((round(wgs84_latitude, 6), round(wgs84_longitude, 6))) AS place FROM events ORDER BY event_id`,
  );

it('an import computes WGS84 and the finest cells of a position, and says of every other row why it has none', async () => {
  expect(await sources.load('events', POSITIONS)).toMatchObject({ accepted: 7, rejected: 0 });
  // h3-js: latLngToCell(30.5, 114.3, 15); ngeohash: encode(30.5, 114.3, 8).
  const cells = { h3: '8f40a695458a2aa', geohash: 'wt3m8bqe', place: '(30.5,114.3)' };
  const none = { h3: null, geohash: null, place: '(NULL,NULL)' };
  expect(await computed()).toEqual([
    { event_id: 'E1', status: 'VALID', ...cells },
    { event_id: 'E2', status: 'VALID', ...cells },
    { event_id: 'E3', status: 'MOCKED', ...none },
    { event_id: 'E4', status: 'ZERO', ...none },
    { event_id: 'E5', status: 'SWAPPED', ...none },
    { event_id: 'E6', status: 'INCOMPLETE', ...none },
    { event_id: 'E7', status: 'ABSENT', ...none },
  ]);
});

it('rows that were stored before their table had these columns get them, and are the same rows when they come again', async () => {
  await sources.load('events', POSITIONS);
  const before = await computed();
  const nothing = ['wgs84_latitude', 'wgs84_longitude', 'h3', 'geohash', 'position_status'];
  const cleared = raw(nothing.map((name) => `${name} = NULL`).join(', '));
  await sources.clickhouse.run('test', sql`ALTER TABLE events UPDATE ${cleared} WHERE 1`, {
    settings: { mutations_sync: '2' },
  });
  expect(await sources.load('events', POSITIONS, { now: NOW + 1 })).toMatchObject({ accepted: 0, duplicates: 7 });
  await fitTables(sources.clickhouse, [TABLES.get('events')]);
  expect(await computed()).toEqual(before);
  expect(await sources.load('events', POSITIONS, { now: NOW + 2 })).toMatchObject({ accepted: 0, duplicates: 7 });
});

it('a file never brings a computed column', async () => {
  const file = 'event_id,event_type,event_time,h3\nE1,OPEN,2024-01-01T00:00:00Z,8f40a695458a2aa\n';
  await expect(sources.load('events', file)).rejects.toThrow("columns unknown: 'h3'");
});

it('cells and their parents are those of ClickHouse’s own functions, on the borders of cells too', async () => {
  const border = fc.integer({ min: -(2 ** 12), max: 2 ** 12 });
  const positions = fc.sample(
    fc.oneof(
      fc.record({ latitude: fc.double({ min: -90, max: 90 }), longitude: fc.double({ min: -180, max: 180 }) }),
      fc.record({
        latitude: border.map((at) => (at * 90) / 2 ** 12),
        longitude: border.map((at) => (at * 180) / 2 ** 12),
      }),
    ),
    2_000,
  );
  const lines = positions.map(({ latitude, longitude }, at) => event(`E${at}`, `${latitude},${longitude},WGS84,0`));
  await sources.load('events', [POSITIONS.split('\n', 1)[0], '\n', ...lines].join(''));
  const rows = await sources.rows<{ h3: string; parents: string[]; differs: number }>(
    `SELECT h3, arrayMap(r -> h3ToString(h3ToParent(stringToH3(finest), r)), [0, 5, 8, 14]) AS parents,
      geohash != geohashEncode(longitude, latitude, 12) OR h3 != h3ToString(geoToH3(latitude, longitude, 15)) AS differs
    FROM (SELECT h3, assumeNotNull(h3) AS finest, geohash, assumeNotNull(wgs84_longitude) AS longitude, assumeNotNull(wgs84_latitude) AS latitude
      FROM events WHERE position_status = 'VALID') SETTINGS geotoh3_argument_order = 'lat_lon'`,
  );
  expect(rows.length).toBeGreaterThan(1_500);
  expect(rows.filter(({ differs }) => differs)).toEqual([]);
  expect(rows.filter(({ h3, parents }) => `${parents}` !== `${[0, 5, 8, 14].map((at) => h3At({ h3 }, at))}`)).toEqual(
    [],
  );
});
