import { chmod, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';

import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { param, raw, sql } from '../../src/core/definitions/sql.js';
import { DAY } from '../../src/core/helpers/time.js';
import { sourceSelect } from '../../src/core/lending/source-sql.js';
import { tableResource } from '../../src/core/ports/leases.js';
import { removeLeft, spool } from '../../src/sources/spool.js';
import { tableFence } from '../../src/warehouse/fence.js';
import { leaseOf } from '../support/leases.js';
import { TABLES } from '../support/tables.js';
import { NOW, openSources, type Sources } from './support.js';

let sources: Sources;
beforeAll(async () => {
  sources = await openSources();
});
afterAll(() => sources.close());
beforeEach(async () => {
  const tables = [
    'customers',
    'applications',
    'loan_snapshots',
    'statements',
    'labels',
    'events',
    'external_reports',
    'places',
    'provisions',
    'source_imports',
    'source_quarantine',
  ];
  await Promise.all([...tables, 'source_clock'].map((table) => sources.run(`TRUNCATE TABLE ${table}`)));
});

/** The table as known at an instant. */
const known = async (table: string, knowledge = NOW, asOf: number | null = null) => {
  const at = (ms: number) => sql`fromUnixTimestamp64Milli(${ms}, 'UTC')`;
  const select = sourceSelect(TABLES.get(table), {
    asOf: asOf === null ? null : at(asOf),
    knowledge: at(knowledge),
    timezone: 'Asia/Shanghai',
  });
  const { query, params } = sql`SELECT * FROM ${select} ORDER BY ALL`.render();
  return sources.rows<Record<string, unknown>>(query, { ...params });
};
const count = async (table: string) =>
  Number((await sources.rows<{ n: string }>(`SELECT count() AS n FROM ${table}`))[0]?.n);

const CUSTOMERS =
  'customer_id,registered_at,city,monthly_income\nC1,2024-01-01T00:00:00Z,Wuhan,1000.50\nC2,2024-01-02T08:00:00+08:00,,\n';

const parquet = async (select: string): Promise<Uint8Array> => {
  const settings = { output_format_parquet_row_group_size: '1000' };
  const parts: Buffer[] = [];
  for await (const part of sources.clickhouse.bytes('test', raw(select), 'Parquet', { settings })) parts.push(part);
  return Buffer.concat(parts);
};

describe('importing CSV', () => {
  it('stores typed rows and counts them', async () => {
    expect(await sources.load('customers', CUSTOMERS)).toEqual({
      accepted: 2,
      duplicates: 0,
      rejected: 0,
      quarantine: [],
    });
    expect(await known('customers')).toMatchObject([
      { customer_id: 'C1', registered_at: '2024-01-01 00:00:00.000', city: 'Wuhan', monthly_income: '1000.5' },
      { customer_id: 'C2', registered_at: '2024-01-02 00:00:00.000', city: null, monthly_income: null },
    ]);
  });

  it('lets a correction move the event time: past the as-of there is no row, for the version before is wrong', async () => {
    await sources.load(
      'customers',
      'customer_id,registered_at,ingested_at\nC1,2024-01-01T00:00:00Z,2024-01-02T00:00:00Z\n',
    );
    await sources.load(
      'customers',
      'customer_id,registered_at,ingested_at\nC1,2024-01-20T00:00:00Z,2024-01-03T00:00:00Z\n',
    );
    const asOf = Date.UTC(2024, 0, 10);
    const on = (day: number, at: number) => known('customers', Date.UTC(2024, 0, day), at);
    expect(await on(2, asOf)).toMatchObject([{ registered_at: '2024-01-01 00:00:00.000' }]);
    expect(await on(3, asOf)).toEqual([]);
    expect(await on(3, Date.UTC(2024, 0, 20))).toMatchObject([{ registered_at: '2024-01-20 00:00:00.000' }]);
  });

  it('changes nothing when the same file comes twice (rule 24)', async () => {
    await sources.load('customers', CUSTOMERS);
    expect(await sources.load('customers', CUSTOMERS, { now: NOW + 1000 })).toMatchObject({
      accepted: 0,
      duplicates: 2,
      rejected: 0,
    });
    expect(await count('customers')).toBe(2);
  });

  it('stores other content of a key as a new version, visible from its ingestion on', async () => {
    await sources.load('customers', CUSTOMERS);
    const changed = CUSTOMERS.replace('Wuhan', 'Xi’an');
    expect(await sources.load('customers', changed, { now: NOW + 1000 })).toMatchObject({ accepted: 1, duplicates: 1 });
    expect((await known('customers', NOW + 999))[0]).toMatchObject({ city: 'Wuhan' });
    expect((await known('customers', NOW + 1000))[0]).toMatchObject({ city: 'Xi’an' });
    expect(await sources.load('customers', CUSTOMERS, { now: NOW + 2000 })).toMatchObject({
      accepted: 1,
      duplicates: 1,
    });
    expect((await known('customers', NOW + 2000))[0]).toMatchObject({ city: 'Wuhan' });
  });

  it('lets the last line of a key win within a file, and rejects those that say otherwise', async () => {
    const file = `${CUSTOMERS}C1,2024-01-01T00:00:00Z,Beijing,1\nC1,2024-01-01T00:00:00Z,Harbin,2\nC1,2024-01-01T00:00:00Z,Harbin,2\n`;
    const reason = 'line 6 says otherwise of the same key, and counts: an ingested_at for each line keeps both';
    const quarantine = [2, 4].map((line) => ({ line, column: null, reason }));
    expect(await sources.load('customers', file)).toEqual({ accepted: 2, duplicates: 1, rejected: 2, quarantine });
    expect((await known('customers'))[0]).toMatchObject({ city: 'Harbin' });
    const [kept] = await sources.rows<{ raw: string }>('SELECT raw FROM source_quarantine WHERE line = 4 LIMIT 1');
    expect(JSON.parse(kept?.raw ?? '')).toMatchObject({ customer_id: 'C1', city: 'Beijing' });
    expect(await sources.load('customers', file)).toMatchObject({ accepted: 0, duplicates: 3, rejected: 2 });
  });

  it('gives the same in pieces as in one file, and a row that comes again with its time does not undo what corrected it', async () => {
    const at = '2026-01-05T00:00:00Z';
    const row = (id: string, city: string): string => `${id},2024-01-01T00:00:00Z,${city},${at}\n`;
    const header = 'customer_id,registered_at,city,ingested_at\n';
    // A, B, A: the third line repeats what was there before the correction.
    const cities = { P: ['Wuhan', 'Harbin', 'Wuhan'], Q: ['Harbin', 'Wuhan'], R: ['Wuhan', 'Wuhan'] };
    const lines = Object.entries(cities).flatMap(([id, each]) => each.map((city) => [id, city] as const));
    const inForce = async (prefix: string) =>
      (await known('customers'))
        .filter(({ customer_id: id }) => String(id).startsWith(prefix))
        .map(({ customer_id: id, city }) => [String(id).slice(1), city]);
    const whole = await sources.load('customers', header + lines.map(([id, city]) => row(`1${id}`, city)).join(''));
    expect(whole).toMatchObject({ accepted: 5, duplicates: 2 });
    for (const [id, city] of lines) await sources.load('customers', header + row(`2${id}`, city));
    const expected = [
      ['P', 'Harbin'],
      ['Q', 'Wuhan'],
      ['R', 'Wuhan'],
    ];
    expect(await inForce('1')).toEqual(expected);
    expect(await inForce('2')).toEqual(expected);
    const again = await sources.load('customers', header + row('1P', 'Wuhan') + row('1Q', 'Harbin'));
    expect(again).toMatchObject({ accepted: 0, duplicates: 2 });
    expect(await sources.load('customers', header + row('2P', 'Wuhan'))).toMatchObject({ accepted: 0, duplicates: 1 });
    expect([await inForce('1'), await inForce('2')]).toEqual([expected, expected]);
  });

  it('reads a byte order mark, carriage returns, quotes, and line ends within quotes, and counts lines as an editor does', async () => {
    const body =
      '\uFEFFcustomer_id,registered_at,occupation\r\n' +
      'C1,2024-01-01T00:00:00Z,"a, ""b""\r\nc"\r\n' +
      '\r\n' +
      'C2,yesterday,x\r\n' +
      '"C3",2024-01-01T00:00:00Z,d\r\n' +
      'C4,2024-01-01T00:00:00Z,"last"';
    expect(await sources.load('customers', body)).toEqual({
      accepted: 3,
      duplicates: 0,
      rejected: 1,
      quarantine: [{ line: 5, column: 'registered_at', reason: expect.stringContaining('not an instant') }],
    });
    expect((await known('customers')).map((row) => row.occupation)).toEqual(['a, "b"\r\nc', 'd', 'last']);
  });

  it('refuses bad rows one by one with line, column and reason, keeps them, and takes the good ones (rule 24)', async () => {
    const rows = [
      'A1,C1,LOAN,cash,2024-01-01T00:00:00Z,100.00,12,APPROVED,2024-01-01T01:00:00Z,1',
      'A2,C1,LOAN,cash,2024-01-01T00:00:00,100,12,,,',
      'A3,C1,GIFT,cash,2024-01-01T00:00:00Z,100,12,,,',
      'A4,C1,LOAN,cash,2024-01-01T00:00:00Z,100.001,12,,,',
      'A5,C1,LOAN,cash,2024-01-01T00:00:00Z,12345678901234567.00,12,,,',
      'A6,C1,LOAN,cash,2024-01-01T00:00:00Z,100,70000,,,',
      'A7,C1,LOAN,cash,2024-02-30T00:00:00Z,100,12,,,',
      ',C1,LOAN,cash,2024-01-01T00:00:00Z,100,12,,,',
      'A9,C1,LOAN,cash,2024-01-01T00:00:00Z,ten,12,,,',
      'A10,C1,LOAN,cash,2024-01-01T00:00:00Z,100,12,,,95',
      'A11,C1,LOAN',
      'A12,C1,LOAN,"ca"sh,2024-01-01T00:00:00Z,100,12,,,',
      'A13,C1,LOAN,cash,1969-01-01T00:00:00Z,100,12,,,',
      'A14,C1,LOAN,cash,2024-01-01,100,12,,,',
      'A15,C1,LOAN,cash,2024-01-01T00:00:00Z,-0.5,12,,,',
    ];
    const header = 'application_id,customer_id,kind,product,applied_at,amount,term_months,decision,decided_at,latitude';
    const result = await sources.load('applications', `${header}\n${rows.join('\n')}\n`);
    expect(result).toMatchObject({ accepted: 2, duplicates: 0, rejected: 13 });
    expect(result.quarantine.map(({ line, column, reason }) => [line, column, reason])).toEqual([
      [3, 'applied_at', expect.stringContaining('no time zone')],
      [4, 'kind', 'is not one of CREDIT, DRAWDOWN, LOAN'],
      [5, 'amount', 'has more than 2 decimals'],
      [6, 'amount', 'has more than 12 digits before the point'],
      [7, 'term_months', 'is not between 0 and 1200'],
      [8, 'applied_at', 'is a time that does not exist'],
      [9, 'application_id', 'has no value'],
      [10, 'amount', 'is not a decimal number'],
      [11, 'latitude', 'is not between -90 and 90'],
      [12, null, 'the row has 3 values and the header 10'],
      [13, null, 'the row has text after a closing quote'],
      [14, 'applied_at', 'is not between 1970 and 2299'],
      [15, 'applied_at', expect.stringContaining('is a date')],
    ]);
    expect(await sources.store.quarantine('applications', 2)).toEqual(result.quarantine.slice(0, 2));
    const [kept] = await sources.rows('SELECT line, raw FROM source_quarantine ORDER BY line LIMIT 1');
    expect(kept).toEqual({ line: '3', raw: rows[1] });
  });

  it('names the first twenty refused rows and counts all', async () => {
    const rows = Array.from({ length: 30 }, (_, index) => `C${index},never`);
    const result = await sources.load('customers', `customer_id,registered_at\n${rows.join('\n')}`);
    expect(result.rejected).toBe(30);
    expect(result.quarantine.map(({ line }) => line)).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
    expect(await count('source_quarantine')).toBe(30);
  });

  it('keeps 10,000 refused rows of a file, and counts the rest', async () => {
    const result = await sources.load('customers', `customer_id,registered_at\n${'x\n'.repeat(10_050)}`);
    expect(result).toMatchObject({ accepted: 0, rejected: 10_050, notKept: 50 });
    expect(await count('source_quarantine')).toBe(10_000);
  });

  it('goes on after a quote that is never closed', async () => {
    const body =
      'customer_id,registered_at\nC1,"2024-01-01T00:00:00Z\nC2,2024-01-01T00:00:00Z\nC3,2024-01-01T00:00:00Z\n';
    expect(await sources.load('customers', body)).toMatchObject({
      accepted: 2,
      quarantine: [{ line: 2, column: null, reason: 'the row has a quote that is never closed' }],
    });
  });

  it('refuses a row that is too long, alone', async () => {
    const body = `customer_id,registered_at,occupation\nC1,2024-01-01T00:00:00Z,${'x'.repeat(1_200_000)}\nC2,2024-01-01T00:00:00Z,y\n`;
    expect(await sources.load('customers', body)).toMatchObject({
      accepted: 1,
      quarantine: [{ line: 2, reason: expect.stringContaining('longer than 1048576 characters') }],
    });
  });

  it('refuses text that is not UTF-8', async () => {
    const body = Buffer.concat([
      Buffer.from('customer_id,registered_at,city\nC1,2024-01-01T00:00:00Z,'),
      Buffer.from([0xce, 0xe4, 0xba, 0xba]),
      Buffer.from('\nC2,2024-01-01T00:00:00Z,武汉\n'),
    ]);
    expect(await sources.load('customers', body)).toMatchObject({
      accepted: 1,
      quarantine: [{ line: 2, column: 'city', reason: 'is not UTF-8 text' }],
    });
  });

  it('refuses a header that does not fit, naming every column', async () => {
    await expect(sources.load('customers', 'customer_id,nmae,city,city\nC1,x,y,z\n')).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message:
        "the header does not fit table customers: columns unknown: 'nmae'; repeated: 'city'; missing: 'registered_at'",
    });
  });

  it('refuses an empty body and an unknown table', async () => {
    await expect(sources.load('customers', '')).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: 'the body is empty',
    });
    await expect(sources.load('clients', CUSTOMERS)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await sources.load('customers', 'customer_id,registered_at\n')).toMatchObject({ accepted: 0 });
  });

  it('refuses a file for a table that a job alone writes, and says which', async () => {
    await expect(sources.load('gang_members', 'customer_id\nA\n')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'gang_members is derived: the job derive_gangs alone writes it',
    });
  });

  it('reads maps and lists as JSON text', async () => {
    const body =
      'event_id,event_type,event_time,attributes\nE1,LOGIN,2024-01-01T00:00:00Z,"{""b"":""2"",""a"":1}"\nE2,LOGIN,2024-01-01T00:00:00Z,{broken\n';
    expect(await sources.load('events', body)).toMatchObject({
      accepted: 1,
      quarantine: [{ line: 3, column: 'attributes', reason: 'is not a map of texts in JSON' }],
    });
    expect(await known('events')).toMatchObject([{ attributes: { a: '1', b: '2' } }]);
    const again = body.replace('""b"":""2"",""a"":1', '""a"":""1"",""b"":""2""');
    expect(await sources.load('events', again)).toMatchObject({ accepted: 0, duplicates: 1 });
  });

  it('fills a key that may be left out', async () => {
    const body =
      'customer_id,month,credit_limit,statement_balance,amount_paid,delinquency\nC1,2024-01-01,100,-5,0,-2\nC1,2024-01-15,100,5,0,0\n';
    expect(await sources.load('statements', body)).toMatchObject({
      accepted: 1,
      quarantine: [{ line: 3, column: 'month', reason: 'is not the first day of a month' }],
    });
    expect(await known('statements')).toMatchObject([
      { product: '', delinquency: -2, event_time: '2024-01-31 15:59:59.999' },
    ]);
  });
});

describe('knowledge time', () => {
  it('is the import’s own time, or the file’s', async () => {
    const body =
      'customer_id,registered_at,city,ingested_at\nC1,2024-01-01T00:00:00Z,a,2024-01-01T12:00:00Z\nC1,2024-01-01T00:00:00Z,b,2024-06-01T00:00:00Z\nC1,2024-01-01T00:00:00Z,c,2024-03-01T00:00:00Z\nC2,2024-01-01T00:00:00Z,z,\n';
    expect(await sources.load('customers', body)).toMatchObject({ accepted: 4 });
    const city = async (at: string) => (await known('customers', Date.parse(at))).map((row) => row.city);
    expect(await city('2024-01-01T11:59:59.999Z')).toEqual([]);
    expect(await city('2024-01-01T12:00:00Z')).toEqual(['a']);
    expect(await city('2024-03-01T00:00:00Z')).toEqual(['c']);
    expect(await city('2024-06-01T00:00:00Z')).toEqual(['b']);
    expect((await known('customers')).map((row) => row.city)).toEqual(['b', 'z']);
    expect(await sources.load('customers', body, { now: NOW + DAY })).toMatchObject({ accepted: 0, duplicates: 4 });
  });

  it('takes a version that lies between two others, and no effect from one that repeats what held then', async () => {
    const row = (city: string, at: string) =>
      `customer_id,registered_at,city,ingested_at\nC1,2024-01-01T00:00:00Z,${city},${at}\n`;
    await sources.load('customers', row('a', '2024-01-01T00:00:00Z'));
    await sources.load('customers', row('c', '2024-03-01T00:00:00Z'));
    expect(await sources.load('customers', row('b', '2024-02-01T00:00:00Z'))).toMatchObject({ accepted: 1 });
    expect(await sources.load('customers', row('a', '2024-01-15T00:00:00Z'))).toMatchObject({
      accepted: 0,
      duplicates: 1,
    });
    expect((await known('customers', Date.parse('2024-02-15T00:00:00Z')))[0]).toMatchObject({ city: 'b' });
    expect((await known('customers'))[0]).toMatchObject({ city: 'c' });
  });

  it('may not lie in the future', async () => {
    const body =
      'customer_id,registered_at,ingested_at\nC1,2024-01-01T00:00:00Z,2026-03-01T00:00:00.001Z\nC2,2024-01-01T00:00:00Z,2026-03-01T00:00:00.000Z\n';
    expect(await sources.load('customers', body)).toMatchObject({
      accepted: 1,
      quarantine: [{ line: 2, column: 'ingested_at', reason: 'is in the future' }],
    });
  });

  it('of a computed label is its job’s: a row under its name is refused, and the others are taken', async () => {
    const row = (name: string) =>
      `customer,C1,${name},2024-01-01T00:00:00Z,2024-01-01T00:00:00Z,2025-01-01T00:00:00Z,2025-01-05T00:00:00Z,1,1`;
    const header = 'entity,entity_id,name,observed_at,window_from,window_to,known_at,value,deleted';
    expect(await sources.load('labels', `${[header, row('bad@1'), row('bad')].join('\n')}\n`)).toMatchObject({
      accepted: 1,
      quarantine: [{ line: 2, column: 'name', reason: expect.stringMatching(/^holds '@', which is for labels that/) }],
    });
  });

  it('of a history is when a row could be known', async () => {
    const history = { history: true };
    const times = async (table: string) =>
      (await sources.rows<{ at: string }>(`SELECT ingested_at AS at FROM ${table} ORDER BY ALL`)).map(({ at }) => at);
    await sources.load('customers', CUSTOMERS, history);
    expect(await times('customers')).toEqual(['2024-01-01 00:00:00.000', '2024-01-02 00:00:00.000']);
    await sources.load(
      'labels',
      'entity,entity_id,name,observed_at,window_from,window_to,known_at,value\ncustomer,C1,bad,2024-01-01T00:00:00Z,2024-01-01T00:00:00Z,2025-01-01T00:00:00Z,2025-01-05T00:00:00Z,1\n',
      history,
    );
    expect(await times('labels')).toEqual(['2025-01-05 00:00:00.000']);
    await sources.load(
      'statements',
      'customer_id,product,month,credit_limit,statement_balance,amount_paid,delinquency\nC1,card,2024-02-01,1,1,1,0\n',
      history,
    );
    expect(await times('statements')).toEqual(['2024-02-29 15:59:59.999']);
    await sources.load('provisions', 'as_of,product,amount\n2024-02-29,card,5\n2026-03-01,card,5\n', history);
    expect(await times('provisions')).toEqual(['2024-02-29 15:59:59.999', '2026-03-01 00:00:00.000']);
    await sources.load('places', 'province,city,latitude,longitude\nHubei,Wuhan,30.6,114.3\n', history);
    expect(await times('places')).toEqual(['1970-01-01 00:00:00.000']);
    expect(await sources.load('customers', CUSTOMERS, { history: true, now: NOW + DAY })).toMatchObject({
      accepted: 0,
      duplicates: 2,
    });
  });

  it('of a decision needs its time, and a decision reads NULL before it', async () => {
    const header =
      'application_id,customer_id,kind,product,applied_at,amount,term_months,decision,decided_at,approved_amount,decline_reason,decision_path\n';
    const body = `${header}A1,C1,LOAN,cash,2024-01-01T00:00:00Z,100,12,APPROVED,2024-01-03T00:00:00Z,90,,AUTO\nA2,C1,LOAN,cash,2024-01-01T00:00:00Z,100,12,DECLINED,,,score,\nA3,C1,LOAN,cash,2024-01-01T00:00:00Z,100,12,PENDING,,,,MANUAL\n`;
    expect(await sources.load('applications', body, { history: true })).toMatchObject({
      accepted: 2,
      quarantine: [{ line: 3, column: 'decided_at' }],
    });
    const before = await known('applications', NOW, Date.parse('2024-01-02T23:59:59.999Z'));
    expect(before).toMatchObject([
      {
        application_id: 'A1',
        decision: null,
        decided_at: null,
        approved_amount: null,
        decline_reason: null,
        decision_path: null,
        amount: '100',
      },
      { application_id: 'A3', decision: 'PENDING', decision_path: 'MANUAL' },
    ]);
    const after = await known('applications', NOW, Date.parse('2024-01-03T00:00:00Z'));
    expect(after[0]).toMatchObject({
      decision: 'APPROVED',
      decided_at: '2024-01-03 00:00:00.000',
      approved_amount: '90',
      decision_path: 'AUTO',
    });
    expect((await known('applications', Date.parse('2024-01-02T00:00:00Z')))[0]).toMatchObject({ decision: null });
  });
});

describe('tombstones', () => {
  it('end a row from their ingestion on, with its key alone', async () => {
    await sources.load('customers', CUSTOMERS);
    const gone = 'customer_id,registered_at,deleted\nC1,,1\n';
    expect(await sources.load('customers', gone, { now: NOW + 1000 })).toMatchObject({ accepted: 1 });
    expect((await known('customers', NOW + 999)).map((row) => row.customer_id)).toEqual(['C1', 'C2']);
    expect((await known('customers', NOW + 1000)).map((row) => row.customer_id)).toEqual(['C2']);
    expect(await sources.load('customers', gone, { now: NOW + 2000 })).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await sources.load('customers', CUSTOMERS, { now: NOW + 3000 })).toMatchObject({
      accepted: 1,
      duplicates: 1,
    });
    expect(await known('customers', NOW + 3000)).toHaveLength(2);
  });
});

describe('importing NDJSON', () => {
  it('reads nested values, keeps every digit, and refuses lines one by one', async () => {
    const lines = [
      '{"report_id":"R1","customer_id":7,"provider":"p","product":"x","requested_at":"2024-01-01T00:00:00Z","status":"OK","cost":123456789012.75,"values":{"score":612,"loans":3.5,"none":null}}',
      '',
      '{"report_id":"R2",',
      '[1]',
      '{"report_id":"R3","customer_id":"C","provider":"p","product":"x","requested_at":"2024-01-01T00:00:00Z","status":"OK","oops":1}',
      '{"report_id":"R4","customer_id":"C","provider":"p","product":"x","requested_at":"2024-01-01T00:00:00Z","status":"OK","values":{"a":"high"}}',
      '{"report_id":"R5","customer_id":"\\ud800","provider":"p","product":"x","requested_at":"2024-01-01T00:00:00Z","status":"OK"}',
      '{"report_id":"R6","customer_id":"C","product":"x","requested_at":"2024-01-01T00:00:00Z","status":"OK"}',
    ];
    const result = await sources.load('external_reports', lines.join('\n'), { format: 'ndjson' });
    expect(result).toMatchObject({ accepted: 1, rejected: 6 });
    expect(result.quarantine).toEqual([
      { line: 3, column: null, reason: 'the line is not JSON' },
      { line: 4, column: null, reason: 'the line is not a JSON object' },
      { line: 5, column: 'oops', reason: 'is no column of the table' },
      { line: 6, column: 'values', reason: 'holds a value that is not a number' },
      { line: 7, column: 'customer_id', reason: 'is not UTF-8 text' },
      { line: 8, column: 'provider', reason: 'has no value' },
    ]);
    expect(await known('external_reports')).toMatchObject([
      { customer_id: '7', cost: '123456789012.75', values: { score: 612, loans: 3.5 } },
    ]);
  });

  it('says the same as CSV with the same rows', async () => {
    await sources.load('customers', CUSTOMERS);
    const lines =
      '{"customer_id":"C1","registered_at":"2024-01-01T00:00:00.000Z","city":"Wuhan","monthly_income":1000.5}\n{"customer_id":"C2","registered_at":"2024-01-02T00:00:00Z","city":""}';
    expect(await sources.load('customers', lines, { format: 'ndjson', now: NOW + 1 })).toMatchObject({
      accepted: 0,
      duplicates: 2,
    });
  });
});

describe('importing Parquet', () => {
  it('reads row group by row group, with every digit, and leaves no file behind', async () => {
    const body =
      await parquet(`SELECT toString(number) AS loan_id, toDate('2024-01-31') AS as_of, 'C' AS customer_id, 'cash' AS product,
      if(number % 2 = 0, 'CURRENT', 'OVERDUE') AS status, toUInt8(0) AS restructured, toInt32(number % 2) AS dpd,
      toDecimal128('123456789012.78', 2) AS principal_outstanding, toDecimal64(-0.5, 4) AS overdue_principal, toNullable(toFloat64(0.25)) AS interest_overdue,
      toDate32('2023-12-31') AS disbursed_on, toDecimal32(100, 0) AS principal, CAST(NULL, 'Nullable(String)') AS channel FROM numbers(2500)`);
    expect(await sources.load('loan_snapshots', body, { format: 'parquet' })).toMatchObject({
      accepted: 2500,
      rejected: 0,
    });
    expect((await known('loan_snapshots'))[0]).toMatchObject({
      loan_id: '0',
      as_of: '2024-01-31',
      principal_outstanding: '123456789012.78',
      overdue_principal: '-0.5',
      interest_overdue: '0.25',
      channel: null,
      event_time: '2024-01-31 15:59:59.999',
    });
    expect(await sources.load('loan_snapshots', body, { format: 'parquet', now: NOW + 1 })).toMatchObject({
      accepted: 0,
      duplicates: 2500,
    });
    expect(await readdir(sources.tempDir)).toEqual([]);
  });

  it('reads instants, maps and lists, and refuses rows by their number', async () => {
    const body = await parquet(`SELECT toString(number) AS event_id, if(number = 1, '', 'LOGIN') AS event_type,
      toDateTime64('2024-01-01 00:00:00.123456', 6, 'UTC') AS event_time, map('k', toString(number)) AS attributes FROM numbers(3)`);
    expect(await sources.load('events', body, { format: 'parquet' })).toMatchObject({
      accepted: 2,
      quarantine: [{ line: 2, column: 'event_type', reason: 'has no value' }],
    });
    expect(await known('events')).toMatchObject([
      { event_time: '2024-01-01 00:00:00.123', attributes: { k: '0' } },
      { attributes: { k: '2' } },
    ]);
  });

  const columnsOf = (types: Readonly<Record<string, readonly [Omit<SchemaElement, 'name'>, unknown]>>): Uint8Array =>
    new Uint8Array(
      parquetWriteBuffer({
        schema: [
          { name: 'root', num_children: Object.keys(types).length },
          ...Object.entries(types).map(([name, [element]]) => ({
            ...element,
            repetition_type: 'OPTIONAL' as const,
            name,
          })),
        ],
        columnData: Object.entries(types).map(([name, [, value]]) => ({ name, data: [value] })),
      }),
    );
  const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
  const NAIVE = { type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' } } as const;
  const CUSTOMER = { customer_id: [TEXT, 'C1'], registered_at: [TEXT, '2024-01-01T00:00:00Z'] } as const;
  const BSON = { type: 'BYTE_ARRAY', converted_type: 'BSON' } as const;
  const AT = BigInt(Date.UTC(2024, 0, 31, 23)) * 1000n;

  it('refuses a time without a zone only where an instant is needed, and says two ways out', async () => {
    const body = columnsOf({ customer_id: [TEXT, 'C1'], registered_at: [NAIVE, AT] });
    await expect(sources.load('customers', body, { format: 'parquet' })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: "column 'registered_at' of the file holds times without a time zone",
      hint: expect.stringMatching(/write it as UTC instants .* mapping: toDateTime64\(registered_at, 3, 'Asia/),
    });
    const mapping = "SELECT customer_id, toDateTime64(registered_at, 3, 'Asia/Shanghai') AS registered_at FROM file";
    expect(await sources.load('customers', body, { format: 'parquet', mapping })).toMatchObject({ accepted: 1 });
    expect(await known('customers')).toMatchObject([{ registered_at: '2024-01-31 15:00:00.000' }]);
  });

  it('takes midnight without a zone for the day, as tools write days that know times only', async () => {
    const file = (day: bigint) =>
      columnsOf({
        as_of: [NAIVE, day],
        product: [TEXT, 'cash'],
        amount: [
          { type: 'BYTE_ARRAY', logical_type: { type: 'DECIMAL', scale: 2, precision: 38 } },
          new Uint8Array([5]),
        ],
      });
    const midnight = BigInt(Date.UTC(2024, 0, 31)) * 1000n;
    expect(await sources.load('provisions', file(midnight), { format: 'parquet', history: true })).toMatchObject({
      accepted: 1,
    });
    expect(await known('provisions')).toMatchObject([
      { as_of: '2024-01-31', amount: '0.05', ingested_at: '2024-01-31 15:59:59.999' },
    ]);
    expect(await sources.load('provisions', file(midnight + 1n), { format: 'parquet' })).toMatchObject({
      quarantine: [{ line: 1, column: 'as_of', reason: "is a time and not a date: write the day, 'YYYY-MM-DD'" }],
    });
  });

  it('refuses a column that is not read where it is used, and only there', async () => {
    const foreign = { ...CUSTOMER, segment: [BSON, new Uint8Array([1])] } as const;
    const body = columnsOf({ ...foreign, seen: [NAIVE, AT] });
    const used = "column 'segment' of the file is of the type BSON, which is not read";
    await expect(sources.load('customers', columnsOf(foreign), { format: 'parquet' })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: used,
      hint: "'segment': write it as text",
    });
    const load = (mapping: string) => sources.load('customers', body, { format: 'parquet', mapping });
    await expect(load('SELECT * EXCEPT seen FROM file')).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: `the mapping cannot be run: ${used}: write it as text`,
    });
    expect(await load('SELECT customer_id, registered_at FROM file')).toMatchObject({ accepted: 1 });
  });

  it('refuses what is no Parquet, and a header that does not fit', async () => {
    await expect(sources.load('events', CUSTOMERS, { format: 'parquet' })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: 'the file is not Parquet',
    });
    await expect(sources.load('events', await parquet('SELECT 1 AS x'), { format: 'parquet' })).rejects.toMatchObject({
      message: expect.stringContaining("unknown: 'x'"),
    });
    const cut = (await parquet('SELECT toString(number) AS event_id FROM numbers(5000)')).subarray(0, 500);
    await expect(sources.load('events', cut, { format: 'parquet' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('mappings', () => {
  const FOREIGN = 'ID,LIMIT,BILL1,BILL2,pay 0\n1,1000,10,20,-1\n2,2000,30,,0\n';
  const MAPPING = `
    -- one row a month
    SELECT concat('C', ID) AS customer_id, 'card' AS product, toDate(m.1) AS month, toFloat64(LIMIT) AS credit_limit,
      m.2 AS statement_balance, 0 AS amount_paid, \`pay 0\` AS delinquency
    FROM file ARRAY JOIN [('2005-09-01', BILL1), ('2005-08-01', BILL2)] AS m
    WHERE m.2 IS NOT NULL;`;

  it('turn a foreign file into rows of a table', async () => {
    expect(await sources.load('statements', FOREIGN, { mapping: MAPPING, history: true })).toMatchObject({
      accepted: 3,
      rejected: 0,
    });
    expect(await known('statements')).toMatchObject([
      { customer_id: 'C1', month: '2005-08-01', statement_balance: '20', delinquency: -1 },
      { customer_id: 'C1', month: '2005-09-01', credit_limit: '1000', statement_balance: '10' },
      { customer_id: 'C2', month: '2005-09-01', statement_balance: '30', delinquency: 0 },
    ]);
    expect(await sources.load('statements', FOREIGN, { mapping: MAPPING, history: true })).toMatchObject({
      accepted: 0,
      duplicates: 3,
    });
  });

  it('read NDJSON and Parquet as well, each column as text', async () => {
    const lines = '{"id":1,"at":"2024-01-01T00:00:00Z"}\n{"id":2,"at":"2024-01-01T00:00:00Z","tags":["a"]}\nnot json\n';
    const mapping = "SELECT concat('C', id) AS customer_id, at AS registered_at, tags AS segment FROM file";
    expect(await sources.load('customers', lines, { format: 'ndjson', mapping })).toMatchObject({
      accepted: 2,
      rejected: 1,
      quarantine: [{ line: 3 }],
    });
    expect(await known('customers')).toMatchObject([
      { customer_id: 'C1', segment: null },
      { customer_id: 'C2', segment: '["a"]' },
    ]);
  });

  it('may give several rows of a line, and not without a bound', async () => {
    const mapping = (rows: string) =>
      `SELECT concat(id, toString(n)) AS customer_id, '2024-01-01T00:00:00Z' AS registered_at
        FROM (SELECT id, arrayJoin(${rows}) AS n FROM file)`;
    const load = (rows: string) => sources.load('customers', 'id\n1\n2\n', { mapping: mapping(rows) });
    expect(await load('range(50)')).toMatchObject({ accepted: 100 });
    await expect(load('arrayMap(a -> arrayJoin(range(100000)), range(100))')).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: 'the mapping gives more than 1000000 rows, or 200 times the size of its file',
    });
    const wide = `SELECT repeat('x', 1000000) AS customer_id, arrayJoin(range(1000)) AS registered_at FROM file`;
    await expect(sources.load('customers', 'id\n1\n', { mapping: wide })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });

  it('may give no row at all, and may read what Parquet nests', async () => {
    const none = `SELECT * FROM (${'SELECT ID AS customer_id, ID AS registered_at FROM file'}) WHERE customer_id = 'x'`;
    expect(await sources.load('customers', FOREIGN, { mapping: none })).toMatchObject({ accepted: 0, rejected: 0 });
    const body = await parquet(
      "SELECT toInt64(number) AS n, [toInt64(number)] AS list, map('k', toUInt64(number)) AS m, toDecimal64(1.5, 2) AS d FROM numbers(2)",
    );
    const mapping = `SELECT concat('C', n) AS customer_id, '2024-01-01T00:00:00Z' AS registered_at, concat(list, m) AS segment, d AS monthly_income FROM file`;
    expect(await sources.load('customers', body, { format: 'parquet', mapping })).toMatchObject({ accepted: 2 });
    expect((await known('customers'))[1]).toMatchObject({
      customer_id: 'C1',
      segment: '["1"]{"k":"1"}',
      monthly_income: '1.5',
    });
  });

  it('give instants their zone and refuse rows by the number of their result', async () => {
    const mapping =
      "SELECT ID AS customer_id, if(ID = '2', 'never', toString(toUnixTimestamp(toDateTime('2024-01-01 00:00:00', 'UTC')))) AS x, toDateTime64('2024-01-01 00:00:00.5', 3, 'Asia/Shanghai') AS registered_at FROM file";
    const dropX = `SELECT customer_id, registered_at, if(customer_id = '2', 'abc', NULL) AS monthly_income FROM (${mapping})`;
    expect(await sources.load('customers', FOREIGN, { mapping: dropX })).toMatchObject({
      accepted: 1,
      quarantine: [{ line: 2, column: 'monthly_income', reason: 'is not a decimal number' }],
    });
    expect(await known('customers')).toMatchObject([{ customer_id: '1', registered_at: '2023-12-31 16:00:00.500' }]);
  });

  it('refuse the line of a value that a conversion would change, with its column and why, and take the others', async () => {
    const file = [
      'id,at,born,pay,age',
      '1,2024-01-01 08:00:00,1985-02-28,12.30,39',
      '2,2024-01-01 08:00:00,1985-02-30,12.30,39',
      '3,2024-01-01 08:00:00,1985-02-28,12.345,39',
      '4,2024-01-01 08:00:00,1985-02-28,5000元,39',
      '5,2024-02-30 08:00:00,1985-02-28,12.30,39',
      '6,2024-01-01 08:00:00,,,39',
      '7,2024-01-01 08:00:00,1931-05-04,12.30,-',
      '8,2024-01-01 08:00:00,1931-05-04,12.30,93',
    ].join('\n');
    const mapping = `SELECT concat('L', id) AS customer_id, toDateTime64(at, 3, 'Asia/Shanghai') AS registered_at, toDate32(born) AS birth_date,
      toDecimal64(pay, 2) AS monthly_income, concat('age ', toString(toInt32(age) + 1)) AS segment FROM file WHERE toInt32(age) > 0`;
    expect(await sources.load('customers', file, { mapping })).toEqual({
      accepted: 3,
      duplicates: 0,
      rejected: 5,
      quarantine: [
        { line: 3, column: 'born', reason: 'is not a day that Date32 holds, written YYYY-MM-DD' },
        { line: 4, column: 'pay', reason: expect.stringMatching(/^is not a decimal number of at most 2 decimals/) },
        { line: 5, column: 'pay', reason: expect.stringMatching(/^is not a decimal number of at most 2 decimals/) },
        { line: 6, column: 'at', reason: 'is not a time that exists in its zone, written YYYY-MM-DD hh:mm:ss' },
        { line: 8, column: 'age', reason: 'is not a whole number that Int32 holds' },
      ],
    });
    const stored = (await known('customers')).filter(({ customer_id: id }) => String(id).startsWith('L'));
    expect(stored).toMatchObject([
      { registered_at: '2024-01-01 00:00:00.000', birth_date: '1985-02-28', monthly_income: '12.3', segment: 'age 40' },
      { customer_id: 'L6', birth_date: null, monthly_income: null },
      { customer_id: 'L8', birth_date: '1931-05-04' },
    ]);
    // A conversion of what the mapping made itself has no line of the file: it refuses the file, and says why.
    const made = `SELECT concat('M', id) AS customer_id, toDateTime64(at, 3, 'Asia/Shanghai') AS registered_at, toDate(b) AS birth_date FROM (SELECT id, at, born AS b FROM file)`;
    await expect(sources.load('customers', file, { mapping: made })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('toDate meets a value that is not a day that Date holds'),
    });
  });

  it('do what docs/importing.md shows', async () => {
    const page = await readFile('docs/importing.md', 'utf8');
    const [file = '', mapping = '', reply = ''] = ['csv', 'sql', 'json'].map(
      (language) => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page)?.[1],
    );
    expect(await sources.load('customers', file, { mapping })).toEqual(JSON.parse(reply));
  });

  it.each([
    ['reads another table', 'SELECT * FROM customers', /the table 'customers' is not allowed/],
    ['reads a file', "SELECT file('/etc/passwd') AS customer_id FROM file", /not allowed|not served/],
    [
      'names no column of the file',
      'SELECT nothing AS customer_id, ID AS registered_at FROM file',
      /there is no such column, alias or function, at `nothing`/,
    ],
    [
      'fails on a value',
      "SELECT toUInt8(i) AS customer_id, ID AS registered_at FROM (SELECT concat(assumeNotNull(ID), 'x') AS i, ID FROM file)",
      /a text is not written as the type that it is converted to, at `toUInt8`/,
    ],
    [
      'gives columns that the table has not',
      'SELECT ID AS customer_id, ID AS registered_at, 1 AS more FROM file',
      /unknown: 'more'/,
    ],
  ])('are refused with the reason when the SQL %s', async (_what, mapping, message) => {
    const failed = sources.load('customers', FOREIGN, { mapping });
    await expect(failed).rejects.toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringMatching(message) });
    await expect(failed).rejects.toMatchObject({ message: expect.not.stringContaining('import_stage') });
  });
});

describe('an import that does not end', () => {
  it('leaves nothing to be read when the body breaks off', async () => {
    const body = (async function* () {
      yield Buffer.from(CUSTOMERS);
      throw new Error('socket hang up');
    })();
    await expect(sources.load('customers', body)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await count('customers')).toBe(0);
    expect(
      await sources.rows(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'import_stage%'",
      ),
    ).toEqual([]);
  });

  it('is completed by the same import, exactly once, whatever part of it was written', async () => {
    const rows = Array.from({ length: 40 }, (_, index) => `C${index},2024-01-01T00:00:00Z,c${index}`);
    const body = `customer_id,registered_at,city\n${rows.join('\n')}\n`;
    await sources.load(
      'customers',
      `customer_id,registered_at,city\n${rows.filter((_, index) => index % 3 === 0).join('\n')}\n`,
    );
    await sources.run('TRUNCATE TABLE source_imports');
    expect(await sources.load('customers', body, { now: NOW + 5 })).toMatchObject({ accepted: 26, duplicates: 14 });
    expect(await known('customers', NOW + 5)).toHaveLength(40);
    expect(await count('customers')).toBe(40);
  });

  it('has its rows noticed by the next one, also where a derivation into the table has recorded a later run since', async () => {
    const body =
      'loan_id,as_of,customer_id,product,status,restructured,dpd,principal_outstanding,overdue_principal,disbursed_on,principal\nL1,2024-01-05,C1,CASH,CURRENT,0,0,100,0,2023-01-01,100\n';
    const cameFirst = async (now: number, accepted: number) => {
      expect(await sources.load('loan_snapshots', body, { now })).toMatchObject({ accepted, duplicates: 1 - accepted });
      const [row] = await sources.rows<{ first: string | null }>(
        'SELECT toString(toUnixTimestamp64Milli(first_event)) AS first FROM source_imports ORDER BY seq DESC LIMIT 1',
      );
      return row?.first ?? null;
    };
    await cameFirst(NOW, 1);
    await sources.run('TRUNCATE TABLE source_imports');
    const seq = (BigInt(NOW + 5) << 20n) + 7n;
    await sources.run(
      `INSERT INTO loan_snapshots (loan_id, as_of, customer_id, product, status, restructured, dpd, principal_outstanding, overdue_principal, disbursed_on, principal, ingested_at, deleted, derived, seq)
        VALUES ('L2', '2023-12-01', 'C2', 'CASH', 'CURRENT', 0, 0, 1, 0, '2023-01-01', 1, '2024-01-01 00:00:00.000', 0, 1, ${seq})`,
    );
    await sources.run(
      `INSERT INTO loan_snapshot_runs VALUES (${seq}, '2024-01-05', 'Asia/Shanghai', '2024-06-01 00:00:00.000', 1, 1, 0)`,
    );
    expect(await cameFirst(NOW + 10, 0)).toBe(String(Date.UTC(2024, 0, 5, 16) - 1));
    expect(await cameFirst(NOW + 20, 0)).toBeNull();
    await sources.run('TRUNCATE TABLE loan_snapshot_runs');
  });

  it('has its file removed minutes after its process was killed, and that of an import at work kept', async () => {
    const folder = join(sources.tempDir, 'left');
    const working = await spool(Readable.from([Buffer.from('a')]), folder);
    const killed = await spool(Readable.from([Buffer.from('b')]), folder);
    await writeFile(join(folder, 'other'), '');
    const { ctimeMs } = await stat(killed.path);
    await vi.waitFor(async () => {
      // As it marks its file each minute.
      await chmod(working.path, 0o600);
      expect((await stat(working.path)).ctimeMs).toBeGreaterThan(ctimeMs + 1);
    });
    await removeLeft(folder, ctimeMs + 600_000);
    expect(await readdir(folder)).toHaveLength(3);
    await removeLeft(folder, ctimeMs + 600_001);
    expect((await readdir(folder)).sort()).toEqual([basename(working.path), 'other']);
    await Promise.all([working.remove(), killed.remove()]);
    expect(await readdir(folder)).toEqual(['other']);
  });

  it('has its leftovers dropped minutes after its process was killed, and those of an import at work kept', async () => {
    const { dropLeftovers, touchStages } = await import('../../src/sources/stage.js');
    const [killed, atWork, young] = ['import_stage_1_0', 'import_stage_2_0', 'import_stage_3_0'] as const;
    const [ofBefore, longKilled] = ['import_stage_4_0', 'import_stage_5_0'] as const;
    const create = (name: string, comment: string) =>
      sources.run(`CREATE TABLE \`${name}\` (a UInt8) ENGINE = MergeTree ORDER BY a COMMENT '${comment}'`);
    for (const name of [killed, atWork, `${atWork}_file`, young]) await create(name, 'at work');
    for (const name of [ofBefore, longKilled]) await create(name, '');
    const paths = await sources.rows<{ name: string; path: string }>(
      `SELECT tables.name AS name, concat(path, metadata_path) AS path FROM system.tables, system.disks
       WHERE database = currentDatabase() AND disks.name = 'default' AND startsWith(tables.name, 'import_stage_') AND tables.name != '${young}'`,
    );
    // As they look 11 minutes after they were made; a release of before marks none.
    for (const { name, path } of paths) {
      const made = Date.now() / 1000 - (name === longKilled ? 25 * 3_600 : 660);
      await utimes(path, made, made);
    }
    await touchStages(sources.clickhouse, atWork, 11);
    await dropLeftovers(sources.clickhouse);
    const names = await sources.rows<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'import_stage%' ORDER BY name",
    );
    expect(names.map(({ name }) => name)).toEqual([atWork, `${atWork}_file`, young, ofBefore]);
    for (const { name } of names) await sources.run(`DROP TABLE \`${name}\``);
  });
});

describe('imports side by side', () => {
  it('of one table store each row once', async () => {
    const rows = Array.from({ length: 500 }, (_, index) => `C${index},2024-01-01T00:00:00Z`);
    const body = `customer_id,registered_at\n${rows.join('\n')}\n`;
    const results = await Promise.all([1, 2, 3, 4].map(() => sources.load('customers', body)));
    expect(results.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(500);
    expect(await count('customers')).toBe(500);
    const imports = await sources.rows<{ accepted: string }>('SELECT accepted FROM source_imports ORDER BY accepted');
    expect(imports.map(({ accepted }) => accepted)).toEqual(['0', '0', '0', '500']);
  });
});

describe('merging in buckets', () => {
  it('gives the same as at once, whatever the key', async () => {
    const { mergeStage } = await import('../../src/sources/merge.js');
    const { createStage, dropTable } = await import('../../src/sources/stage.js');
    const table = TABLES.get('loan_snapshots');
    const stage = 'import_stage_test';
    await createStage(sources.clickhouse, stage, table);
    await sources.run(`INSERT INTO ${stage} (loan_id, as_of, customer_id, product, status, restructured, dpd, principal_outstanding, overdue_principal, disbursed_on, principal, ingested_at, deleted, __line)
        SELECT concat('L', toString(number % 7)), toDate('2024-01-01') + intDiv(number, 7) % 20, 'C', 'p', 'CURRENT', 0, number % 3, 1, 0, '2023-01-01', 1,
        toDateTime64('2024-06-01 00:00:00', 3, 'UTC') + intDiv(number, 140), 0, number + 1 FROM numbers(420)`);
    const lease = leaseOf(tableResource('loan_snapshots'), Date.now());
    const { clickhouse } = sources;
    const common = {
      clickhouse,
      table,
      stage,
      fence: tableFence(lease),
      known: NOW,
      signal: lease.lost,
      timezone: 'Asia/Shanghai',
    };
    const merged = await mergeStage({ ...common, seq: 1n, recorded: 0n, bucketRows: 31 });
    const rows = await sources.rows<{ loan_id: string; as_of: string; dpd: number; at: string }>(
      'SELECT loan_id, as_of, dpd, ingested_at AS at FROM loan_snapshots ORDER BY loan_id, as_of, ingested_at',
    );
    expect(rows).toHaveLength(420);
    const [firstEvent, lastKnown] = [Date.UTC(2024, 0, 1, 16) - 1, Date.UTC(2024, 5, 1, 0, 0, 2)];
    expect(merged).toEqual({ rows: 420, firstEvent, lastKnown });
    expect(await mergeStage({ ...common, seq: 3n, recorded: 1n, bucketRows: 23 })).toMatchObject({
      rows: 0,
      lastKnown: null,
    });
    await dropTable(sources.clickhouse, stage);
  });
});

// `raw` and `param` are what a definition's author would use around a source.
describe('a source as a view reads it', () => {
  it('can be filtered, joined and aliased like a table', async () => {
    await sources.load('customers', CUSTOMERS);
    const at = sql`toDateTime64(${'2026-03-01 00:00:00'}, 3, 'UTC')`;
    const source = sourceSelect(TABLES.get('customers'), { asOf: at, knowledge: at, timezone: 'Asia/Shanghai' });
    const { query, params } = sql`SELECT l.customer_id AS id, r.city AS city FROM ${source} AS l JOIN ${source} AS r
      ON l.customer_id = r.customer_id WHERE l.customer_id = ${param('String', 'C1')} ${raw('ORDER BY id')}`.render();
    expect(await sources.rows(query, { ...params })).toEqual([{ id: 'C1', city: 'Wuhan' }]);
  });
});
