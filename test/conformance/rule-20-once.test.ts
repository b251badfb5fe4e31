/**
 * Rule 20. Events are delivered again and again, over HTTP, as clients and queues do it; then the windows are computed once. What is looked at:
 * how many were taken, how many rows are kept, and what the window of an hour counts for the case's customer.
 */
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { HOUR } from '../../src/core/helpers/time.js';
import { type Case, defineRule, shared } from './conformance.js';
import { type Event, ndjson, openWindows, rowOf, type Values, type WindowsWorld } from './windows-world.js';

type How = 'csv' | 'ndjson' | 'parquet' | 'gzip' | 'mapping';
/** By the event's id within the case; more than once where a list has it twice. */
type Sent = readonly string[];

interface Delivered extends Case {
  /** One after the other; what is in `atOnce` is sent without waiting. */
  readonly deliveries: readonly {
    readonly how: How;
    readonly ids: Sent;
    readonly atOnce?: number;
    readonly more?: Partial<Event>;
  }[];
  readonly accepted: number;
  readonly duplicates: number;
  /** Versions of rows that are kept. */
  readonly rows: number;
  /** What the customer's windows say; the events are a minute old. */
  readonly reads: Readonly<Record<string, string | null>>;
}

const once = (how: How, ...ids: Sent) => ({ how, ids });

const DELIVERED: readonly Delivered[] = [
  {
    name: 'an event that is sent once counts once',
    deliveries: [once('csv', 'a')],
    accepted: 1,
    duplicates: 0,
    rows: 1,
    reads: { count_1h: '1' },
  },
  {
    name: 'twice in one file',
    deliveries: [once('csv', 'a', 'a')],
    accepted: 1,
    duplicates: 1,
    rows: 1,
    reads: { count_1h: '1', sum_1h: '5' },
  },
  {
    name: 'the same file twice',
    deliveries: [once('csv', 'a', 'b'), once('csv', 'a', 'b')],
    accepted: 2,
    duplicates: 2,
    rows: 2,
    reads: { count_1h: '2', sum_1h: '10' },
  },
  {
    name: 'as CSV, then as NDJSON',
    deliveries: [once('csv', 'a'), once('ndjson', 'a')],
    accepted: 1,
    duplicates: 1,
    rows: 1,
    reads: { count_1h: '1' },
  },
  {
    name: 'as NDJSON, then as Parquet',
    deliveries: [once('ndjson', 'a'), once('parquet', 'a')],
    accepted: 1,
    duplicates: 1,
    rows: 1,
    reads: { count_1h: '1' },
  },
  {
    name: 'as Parquet, then as CSV in gzip',
    deliveries: [once('parquet', 'a'), once('gzip', 'a')],
    accepted: 1,
    duplicates: 1,
    rows: 1,
    reads: { count_1h: '1' },
  },
  {
    name: 'as CSV, then through a mapping',
    deliveries: [once('csv', 'a'), once('mapping', 'a')],
    accepted: 1,
    duplicates: 1,
    rows: 1,
    reads: { count_1h: '1' },
  },
  {
    name: 'from four clients at once',
    deliveries: [{ how: 'ndjson', ids: ['a', 'b', 'c'], atOnce: 4 }],
    accepted: 3,
    duplicates: 9,
    rows: 3,
    reads: { count_1h: '3', sum_1h: '15' },
  },
  {
    name: 'a part that was sent before, within more',
    deliveries: [once('csv', 'b'), once('ndjson', 'a', 'b', 'c')],
    accepted: 3,
    duplicates: 1,
    rows: 3,
    reads: { count_1h: '3' },
  },
  {
    name: 'again, a while later',
    deliveries: [once('csv', 'a'), { how: 'csv', ids: ['a'], more: { ingested_at: -1_000 } }],
    accepted: 1,
    duplicates: 1,
    rows: 1,
    reads: { count_1h: '1' },
  },
  {
    name: 'corrected, it counts once and as corrected',
    deliveries: [once('csv', 'a'), { how: 'ndjson', ids: ['a'], more: { amount: '7.25', ingested_at: -1_000 } }],
    accepted: 2,
    duplicates: 0,
    rows: 2,
    reads: { count_1h: '1', sum_1h: '7.25', max_1h: '7.25' },
  },
  {
    name: 'two events that differ in their id alone count twice',
    deliveries: [once('csv', 'a', 'A')],
    accepted: 2,
    duplicates: 0,
    rows: 2,
    reads: { count_1h: '2', distinct_1h: '1' },
  },
  {
    name: 'taken back, it counts no more, however often it was sent',
    deliveries: [
      once('csv', 'a', 'b'),
      once('csv', 'a'),
      { how: 'ndjson', ids: ['a'], more: { deleted: 1, ingested_at: -1_000 } },
    ],
    accepted: 3,
    duplicates: 1,
    rows: 3,
    reads: { count_1h: '1' },
  },
];

interface Late extends Case {
  /** In ms after the first of two as-ofs, an hour apart: when it happened, and when it was known. */
  readonly happened: number;
  readonly known: number;
  /** What windows count of it as of the first and the second instant. */
  readonly first: Readonly<Record<string, string>>;
  readonly second: Readonly<Record<string, string>>;
}

const MINUTE = 60_000;
/** A customer without events in 30 days has no row; this one has an event of two days ago. */
const NONE = { count_1h: '0', count_1d: '0', count_7d: '1' };
const LATE: readonly Late[] = [
  {
    name: 'an event in time is in the hour it happened in, and not in the next',
    happened: -MINUTE,
    known: -MINUTE,
    first: { count_1h: '1', count_1d: '1' },
    second: { count_1h: '0', count_1d: '1' },
  },
  {
    name: 'a late event is in no hour that it did not happen in, and in the day it did',
    happened: -MINUTE,
    known: 30 * MINUTE,
    first: NONE,
    second: { count_1h: '0', count_1d: '1', count_7d: '2' },
  },
  {
    name: 'an event two days late is in the week it happened in',
    happened: -47 * HOUR,
    known: 30 * MINUTE,
    first: NONE,
    second: { count_1h: '0', count_1d: '0', count_7d: '2' },
  },
  {
    name: 'an event that happened between the instants is in the second hour',
    happened: MINUTE,
    known: 59 * MINUTE,
    first: NONE,
    second: { count_1h: '1', count_1d: '1', count_7d: '2' },
  },
];

type Answers = ReadonlyMap<string, Values>;
interface World {
  readonly replies: ReadonlyMap<string, { readonly accepted: number; readonly duplicates: number }>;
  readonly rows: ReadonlyMap<string, number>;
  readonly first: Answers;
  readonly second: Answers;
}

const ALL = [...DELIVERED, ...LATE].map(({ name }) => name);
const opened = shared(openWindows);
let answered: Promise<World> | undefined;

const idOf = (name: string, id: string): string => `${ALL.indexOf(name)}/${id}`;

async function bodyOf(
  { clickhouse }: WindowsWorld,
  how: How,
  events: readonly Event[],
): Promise<{ readonly body: NonNullable<RequestInit['body']>; readonly headers: Readonly<Record<string, string>> }> {
  const rows = events.map(rowOf);
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const csv = [names, ...rows.map((row) => names.map((name) => row[name]))]
    .map((line) => `${line.map((value) => `"${value}"`).join(',')}\n`)
    .join('');
  if (how === 'ndjson') return { body: ndjson(events), headers: { 'content-type': 'application/x-ndjson' } };
  if (how === 'csv') return { body: csv, headers: { 'content-type': 'text/csv' } };
  if (how === 'gzip') {
    return { body: new Uint8Array(gzipSync(csv)), headers: { 'content-type': 'text/csv', 'content-encoding': 'gzip' } };
  }
  if (how === 'mapping') {
    const body = new FormData();
    body.append('mapping', `SELECT * FROM file`);
    body.append('file', new Blob([csv], { type: 'text/csv' }), 'events.csv');
    return { body, headers: {} };
  }
  const { stream } = await clickhouse.exec({
    query: 'SELECT * FROM format(JSONEachRow, {rows:String}) FORMAT Parquet',
    query_params: { rows: rows.map((row) => JSON.stringify(row)).join('\n') },
  });
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return { body: new Uint8Array(Buffer.concat(parts)), headers: { 'content-type': 'application/vnd.apache.parquet' } };
}

async function answers(): Promise<World> {
  const world = await opened();
  const [, first, second] = world.asOfs;
  const replies = new Map<string, { accepted: number; duplicates: number }>();
  for (const { name, deliveries } of DELIVERED) {
    const total = { accepted: 0, duplicates: 0 };
    for (const { how, ids, atOnce = 1, more = {} } of deliveries) {
      const { ingested_at, ...changed } = more;
      const events = ids.map(
        (id): Event => ({
          event_id: idOf(name, id),
          customer_id: name,
          event_time: second - MINUTE,
          amount: '5.00',
          ip: '10.0.0.1',
          ...changed,
          ...(ingested_at === undefined ? {} : { ingested_at: second + ingested_at }),
        }),
      );
      const { body, headers } = await bodyOf(world, how, events);
      for (const { accepted, duplicates } of await Promise.all(
        Array.from({ length: atOnce }, () => world.send(body, headers)),
      )) {
        total.accepted += accepted;
        total.duplicates += duplicates;
      }
    }
    replies.set(name, total);
  }
  await world.load(
    LATE.flatMap(({ name, happened, known }): Event[] => [
      { event_id: idOf(name, 'late'), customer_id: name, event_time: first + happened, ingested_at: first + known },
      { event_id: idOf(name, 'old'), customer_id: name, event_time: first - 48 * HOUR },
    ]),
  );
  await world.materialize(first, ['event_windows']);
  const before = await world.online('event_windows@1', ALL);
  await world.materialize(second, ['event_windows']);
  const stored = await world.clickhouse.query({
    query: 'SELECT customer_id AS name, toUInt32(count()) AS kept FROM events GROUP BY name',
    format: 'JSONEachRow',
  });
  const rows = new Map((await stored.json<{ name: string; kept: number }>()).map(({ name, kept }) => [name, kept]));
  return { replies, rows, first: before, second: await world.online('event_windows@1', ALL) };
}

const open = (): Promise<World> => {
  answered ??= answers();
  return answered;
};

defineRule<Delivered, World>(
  {
    rule: 20,
    open,
    check({ name, accepted, duplicates, rows, reads }, { replies, rows: kept, second }) {
      expect(replies.get(name)).toEqual({ accepted, duplicates });
      expect(kept.get(name)).toBe(rows);
      expect(second.get(name)).toMatchObject(reads);
    },
  },
  DELIVERED,
);

defineRule<Late, World>(
  {
    rule: 20,
    open,
    check({ name, first, second }, answer) {
      expect(answer.first.get(name)).toMatchObject(first);
      expect(answer.second.get(name)).toMatchObject(second);
    },
  },
  LATE,
);
