import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
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
