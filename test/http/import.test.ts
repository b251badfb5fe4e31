import { readdir } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type FastifyInstance, fastify } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Completeness } from '../../src/core/ports/completeness.js';
import { registerBodies } from '../../src/http/bodies.js';
import { registerErrors } from '../../src/http/errors.js';
import { registerImportRoutes } from '../../src/http/import.routes.js';
import { NOW, openSources, type Sources } from '../sources/support.js';
import { completenessInMemory } from '../support/completeness.js';
import { quietLog } from '../support/homes.js';
import { TABLES } from '../support/tables.js';

let sources: Sources;
let completeness: Completeness;
let servers: readonly FastifyInstance[];
let url: string;
/** Of a server that waits a second for a silent sender. */
let impatient: string;
const serve = async (idleSeconds: number): Promise<FastifyInstance> => {
  const server = fastify();
  registerErrors(server, quietLog);
  registerBodies(server, { idleSeconds });
  await registerImportRoutes(server, { tables: TABLES, sources: sources.store, completeness, now: () => NOW });
  await server.listen({ port: 0, host: '127.0.0.1' });
  return server;
};
beforeAll(async () => {
  sources = await openSources();
  completeness = completenessInMemory(sources.clickhouse, () => NOW);
  servers = await Promise.all([60, 1].map(serve));
  [url, impatient] = servers.map(({ server }) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`) as [
    string,
    string,
  ];
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await sources.close();
});

type Body = string | Uint8Array<ArrayBuffer> | FormData | undefined;
const send = async (path: string, body: Body, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${url}${path}`, { method: 'POST', ...(body === undefined ? {} : { body }), headers });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
};
const csv = { 'content-type': 'text/csv; charset=utf-8' };
const CUSTOMERS = 'customer_id,registered_at\nC1,2024-01-01T00:00:00Z\nC2,never\n';

describe('POST /import/:table', () => {
  it('answers what was accepted, what was there, and what was refused and why', async () => {
    expect(await send('/import/customers', CUSTOMERS, csv)).toEqual({
      status: 200,
      json: {
        accepted: 1,
        duplicates: 0,
        rejected: 1,
        quarantine: [{ line: 3, column: 'registered_at', reason: expect.any(String) }],
      },
    });
    expect((await send('/import/customers?history=true', CUSTOMERS, csv)).json).toMatchObject({ accepted: 1 });
    expect((await send('/import/customers', CUSTOMERS, csv)).json).toMatchObject({ accepted: 0, duplicates: 1 });
  });

  it('takes NDJSON and gzip', async () => {
    const line = '{"customer_id":"C9","registered_at":"2024-01-01T00:00:00Z"}\n';
    expect((await send('/import/customers', line, { 'content-type': 'application/x-ndjson' })).json).toMatchObject({
      accepted: 1,
    });
    const zipped = new Uint8Array(gzipSync(CUSTOMERS.replace('C1', 'C8')));
    expect((await send('/import/customers', zipped, { ...csv, 'content-encoding': 'gzip' })).json).toMatchObject({
      accepted: 1,
    });
  });

  it('tells the format of a body of no telling type by its file name, and says which names it knows', async () => {
    const named = (filename: string) => ({
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${filename}"`,
    });
    const line = '{"customer_id":"C7","registered_at":"2024-01-01T00:00:00Z"}\n';
    expect((await send('/import/customers', line, named('file.JSONL'))).json).toMatchObject({ accepted: 1 });
    expect((await send('/import/customers', line, named('file.xlsx'))).json).toMatchObject({
      error: {
        code: 'BAD_USER_INPUT',
        message: "the file name 'file.xlsx' ends in no format",
        hint: 'the names of files end in .csv, .ndjson, .jsonl or .parquet',
      },
    });
  });

  it('says what to send, by the formats that there are', async () => {
    const { json } = await send('/import/customers', '{}', { 'content-type': 'application/json' });
    expect(json).toMatchObject({
      error: {
        hint: 'send text/csv, application/x-ndjson or application/vnd.apache.parquet, or multipart/form-data with the parts mapping and file',
      },
    });
  });

  it('answers 404 for an unknown table and 400 for a wrong header, body, type or switch', async () => {
    expect(await send('/import/clients', CUSTOMERS, csv)).toMatchObject({
      status: 404,
      json: {
        error: {
          code: 'NOT_FOUND',
          message: "there is no source table 'clients'",
          hint: expect.stringContaining('customers'),
        },
      },
    });
    const bad = async (path: string, body: Body, headers: Record<string, string>, message: RegExp) =>
      expect(await send(path, body, headers)).toMatchObject({
        status: 400,
        json: { error: { code: 'BAD_USER_INPUT', message: expect.stringMatching(message), hint: expect.any(String) } },
      });
    await bad('/import/customers', 'id\n1\n', csv, /unknown: 'id'; missing: 'customer_id', 'registered_at'/);
    await bad('/import/customers', '', csv, /the body is empty/);
    await bad(
      '/import/customers',
      '{}',
      { 'content-type': 'application/json' },
      /'application\/json' is not supported/,
    );
    await bad('/import/customers', new Uint8Array([1, 2]), {}, /content type is missing/);
    await bad('/import/customers?history=yes', CUSTOMERS, csv, /neither 'true' nor 'false'/);
    await bad('/import/customers', 'plain', { ...csv, 'content-encoding': 'gzip' }, /not gzip/);
    await bad('/import/customers', CUSTOMERS, { 'content-type': 'application/vnd.apache.parquet' }, /not Parquet/);
  });

  it('marks the table through the day of the header once all rows of the file are in, and not where one was refused', async () => {
    const through = async () => (await completeness.of(['costs']))[0];
    const marks = (date: string) => ({ ...csv, 'x-complete-through': date });
    const costs = (amount: string) => `month,product,channel,kind,amount\n2026-01-01,CASH,APP,FUNDING,${amount}\n`;
    expect((await send('/import/costs', costs('many'), marks('2026-02-26'))).json).toMatchObject({ rejected: 1 });
    expect(await through()).toMatchObject({ through: null });
    expect((await send('/import/costs', costs('10.00'), marks('2026-02-26'))).json).toMatchObject({ accepted: 1 });
    expect(await through()).toEqual({ table: 'costs', through: '2026-02-26', due: null, lateSeconds: null });
    // A day on which nothing happened: a file of no rows; and with a mapping.
    await send('/import/costs', costs('').split('\n')[0] ?? '', marks('2026-02-27'));
    expect(await through()).toMatchObject({ through: '2026-02-27' });
    const data = new FormData();
    data.append('mapping', 'SELECT month, product, channel, kind, amount FROM file');
    data.append('file', new Blob([costs('10.00')]), 'costs.csv');
    expect((await send('/import/costs', data, { 'x-complete-through': '2026-02-28' })).json).toMatchObject({
      duplicates: 1,
    });
    expect(await through()).toMatchObject({ through: '2026-02-28' });
  });

  it('refuses the header before it reads the body where its day is none, or is not over in the zone of the portfolio', async () => {
    const unread = async (table: string, date: string) => {
      const body = new ReadableStream({ start: (open) => open.enqueue(new Uint8Array([99])) });
      const headers = { ...csv, 'x-complete-through': date };
      const init = { method: 'POST', headers, body, duplex: 'half' } as const;
      return (await (await fetch(`${url}/import/${table}`, init)).json()) as unknown;
    };
    // It is 8 o'clock of 1 March in Shanghai, and midnight in London.
    for (const [date, message] of [
      ['2026-03-01', /2026-03-01 is not over in Asia\/Shanghai/],
      ['2026-02-30', /the header X-Complete-Through '2026-02-30' is not a date/],
      ['2026-02-27, 2026-02-28', /is not a date/],
      ['1969-12-31', /before 1970-01-01/],
    ] as const) {
      expect(await unread('costs', date)).toMatchObject({
        error: { code: 'BAD_USER_INPUT', message: expect.stringMatching(message), hint: expect.any(String) },
      });
    }
    expect(await unread('cost', '2026-02-27')).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });

  it('answers a large body that it does not want, rather than break the connection', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const sent = httpRequest(`${url}/import/customers`, { method: 'POST', headers: csv }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      sent.on('error', reject);
      sent.write('not,the,header\n');
      for (let index = 0; index < 64; index++) sent.write('x'.repeat(65_536));
      sent.end();
    });
    expect(status).toBe(400);
  });

  it('takes nothing of a body that breaks off', async () => {
    const rows = async () => Number((await sources.rows<{ n: string }>('SELECT count() AS n FROM places'))[0]?.n);
    const stages = () =>
      sources.rows("SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'import_stage%'");
    const patience = { timeout: 60_000 };
    for (const type of ['text/csv', 'application/x-ndjson']) {
      const sent = httpRequest(`${url}/import/places`, {
        method: 'POST',
        headers: { 'content-type': type, 'content-length': 1_000_000 },
      });
      const closed = new Promise<void>((resolve) => sent.on('error', () => resolve()).on('close', () => resolve()));
      const csvLine = 'province,city,latitude,longitude\nHubei,Wuhan,30,114\n';
      const jsonLine = `${JSON.stringify({ province: 'Hubei', city: 'Wuhan', latitude: 30, longitude: 114 })}\n`;
      sent.write(type === 'text/csv' ? csvLine : jsonLine);
      // The server is at it, and in the end has put away what it made.
      await expect.poll(stages, patience).toHaveLength(1);
      sent.destroy();
      await closed;
      await expect.poll(stages, patience).toEqual([]);
      expect(await rows()).toBe(0);
    }
  });

  it('takes nothing of a body whose sender is silent, or drips, and says so', async () => {
    const form = 'multipart/form-data; boundary=b';
    const part = '--b\r\ncontent-disposition: form-data; name="file"; filename="f.csv"\r\n\r\nid,at\n';
    const bodies: readonly (readonly [type: string, begin: string | Buffer, packing?: string])[] = [
      ['text/csv', 'province,city,latitude,longitude\nHubei,Wuhan,30,114\n'],
      ['text/csv', gzipSync('province,city,latitude,longitude\n').subarray(0, 12), 'gzip'],
      ['application/vnd.apache.parquet', 'PAR1'],
      [form, part],
    ];
    const dripped = bodies.map(async ([type, begin, packing]) => {
      const headers = { 'content-type': type, ...(packing ? { 'content-encoding': packing } : {}) };
      const sent = httpRequest(`${impatient}/import/places`, { method: 'POST', headers });
      sent.on('error', () => undefined);
      const answer = new Promise<IncomingMessage>((resolve) => sent.once('response', resolve));
      sent.write(begin);
      const drip = setInterval(() => sent.write(packing ? Buffer.alloc(0) : 'x'), 100);
      const response = await answer;
      clearInterval(drip);
      return [response.statusCode, response.headers.connection, JSON.parse(await text(response))];
    });
    const error = { code: 'TIMEOUT', message: 'less than 1024 bytes of the body came in 1 s' };
    for (const answer of await Promise.all(dripped)) expect(answer).toMatchObject([503, 'close', { error }]);
    await expect.poll(() => readdir(sources.tempDir), { timeout: 60_000 }).toEqual([]);
    expect(await sources.rows('SELECT * FROM places')).toEqual([]);
  });

  it('takes nothing of a body that unpacks to far more than was sent', async () => {
    const lines = `province,city,latitude,longitude\n${`${'x'.repeat(2 ** 19)}\n`.repeat(140)}`;
    const answer = await send('/import/places', new Uint8Array(gzipSync(lines)), {
      ...csv,
      'content-encoding': 'gzip',
    });
    expect(answer).toMatchObject({
      status: 413,
      json: {
        error: { code: 'PAYLOAD_TOO_LARGE', message: 'the file unpacks to more than 64 MiB and 200 times its size' },
      },
    });
  });

  const MAPPING = "SELECT concat('M', id) AS customer_id, at AS registered_at FROM file";
  const FILE = 'id,at\n1,2024-01-01T00:00:00Z\n2,2024-01-01T00:00:00Z\n';
  const form = (...parts: readonly (readonly [string, string, string?, string?])[]): FormData => {
    const data = new FormData();
    for (const [name, value, type, filename] of parts) {
      if (filename === undefined) data.append(name, value);
      else data.append(name, new Blob([value], { type: type ?? '' }), filename);
    }
    return data;
  };

  it('maps a file by SQL, whichever part comes first', async () => {
    const file = ['file', FILE, 'text/csv', 'export.csv'] as const;
    expect((await send('/import/customers', form(['mapping', MAPPING], file))).json).toMatchObject({
      accepted: 2,
      rejected: 0,
    });
    expect((await send('/import/customers', form(file, ['mapping', MAPPING]))).json).toMatchObject({
      accepted: 0,
      duplicates: 2,
    });
    const byName = form(
      ['file', FILE, 'application/octet-stream', 'export.CSV'],
      ['mapping', MAPPING, 'text/plain', 'mapping.sql'],
    );
    expect((await send('/import/customers', byName)).json).toMatchObject({ duplicates: 2 });
  });

  it('says what is wrong with the parts', async () => {
    const file = ['file', FILE, 'text/csv', 'export.csv'] as const;
    const cases: readonly (readonly [FormData, RegExp])[] = [
      [form(file), /'mapping' is missing/],
      [form(['mapping', MAPPING]), /'file' is missing/],
      [form(['mapping', MAPPING], file, file), /more than one file/],
      [form(['mapping', MAPPING], ['file', FILE, 'application/octet-stream', 'export.bin']), /type of the part 'file'/],
      [form(['mapping', MAPPING], ['extra', 'x']), /'extra' is not known/],
      [form(['mapping', 'SELECT * FROM customers'], file), /table 'customers' is not allowed/],
      [form(['mapping', 'SELECT * FROM `l\\x61bels`'], file), /table 'labels' is not allowed/],
      [form(['mapping', 'x'.repeat(500_000)], file), /longer than 400000 bytes/],
    ];
    for (const [body, message] of cases) {
      expect(await send('/import/customers', body)).toMatchObject({
        status: 400,
        json: { error: { message: expect.stringMatching(message) } },
      });
    }
  });
});
