/** How the TypeScript client calls a server: what it sends again, how long it waits, what its errors say. The server here answers as told. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Riskgraph, RiskgraphError } from '../../clients/typescript/src/index.js';
import { Transport } from '../../clients/typescript/src/transport.js';
import { Client as CommandClient } from '../../src/commands/client.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let url: string;
/** What the server answers, request by request; the last one from then on. */
let answers: Answer[];
const asked: IncomingMessage[] = [];
/** The body of each request. */
const sent: string[] = [];
const connections = new Set<Socket>();

const json =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
const refusal = (status: number, code: string, headers?: Readonly<Record<string, string>>) =>
  json(status, { errors: [{ message: `says ${code}`, extensions: { code, hint: 'wait', requestId: 'r1' } }] }, headers);
const good = json(200, { data: { job: null } });
const never: Answer = () => undefined;
const brokenOff: Answer = ({ socket }) => socket.destroy();

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request);
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) as Answer;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      sent.push(Buffer.concat(chunks).toString());
      answer(request, response);
    });
  });
  server.on('connection', (socket) => connections.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked.length = 0;
  sent.length = 0;
});

const client = (options: { readonly deadlineMs?: number | null; readonly attempts?: number } = {}) =>
  new Riskgraph({ url, key: 'the-key', ...options });
const failure = async (call: Promise<unknown>): Promise<RiskgraphError> => {
  const error = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(RiskgraphError);
  return error as RiskgraphError;
};

test.each([
  ['has more to do than it can answer', [refusal(503, 'OVERLOADED'), good], 2],
  ['counts too many requests', [refusal(429, 'RATE_LIMITED'), good], 2],
  ['breaks the connection off', [brokenOff, brokenOff, good], 3],
  ['is being replaced, as its proxy says', [json(502, 'no upstream'), good], 2],
])('a read is sent again where the server %s', async (_, given, times) => {
  answers = [...given];
  expect(await client().job('1')).toBeNull();
  expect(asked).toHaveLength(times);
});

test('a read is not sent again where the answer would be the same', async () => {
  answers = [refusal(400, 'BAD_USER_INPUT')];
  const error = await failure(client().job('1'));
  expect(error).toMatchObject({
    code: 'BAD_USER_INPUT',
    message: 'says BAD_USER_INPUT',
    hint: 'wait',
    requestId: 'r1',
  });
  expect(asked).toHaveLength(1);
});

test('a change is sent once, whatever becomes of it', async () => {
  for (const answer of [refusal(503, 'OVERLOADED'), brokenOff]) {
    answers = [answer];
    asked.length = 0;
    await failure(client().createTrainingSet({ name: 'x', features: ['a@1:b'], spine: { sql: 'SELECT 1' } }));
    expect(asked).toHaveLength(1);
  }
});

test.each([
  ['mutation { applyRegistry { id } }', 1],
  ['# a "comment" {\nmutation Apply { applyRegistry { id } }', 1],
  ['fragment F on Job { id }, mutation($a: In = {b: 1}) { applyRegistry { ...F } }', 1],
  ['query mutation { job(id: "} mutation {") { id } }', 2],
  ['{ job(id: """} mutation \\""" {""") { mutation } }', 2],
])('of what the caller writes, a mutation is sent once and a query again: %s', async (document, times) => {
  answers = [refusal(503, 'OVERLOADED')];
  await failure(client({ attempts: 2 }).graphql(document));
  expect(asked).toHaveLength(times);
});

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ['an invalid Date, which would mean now', { asOf: new Date('2026-02-30T') }, 'asOf is an invalid date'],
  ['a number that is none', { input: { spine: { income: [1, Number.NaN] } } }, 'input.spine.income[1] is NaN'],
  ['a number without an end', { rows: [{ share: -Infinity }] }, 'rows[0].share is -Infinity'],
])('%s is refused with its place, and nothing is sent', async (_, variables, message) => {
  const error = await failure(client().graphql('query($asOf: DateTime) { job }', variables));
  expect(error).toMatchObject({ code: 'BAD_USER_INPUT', message: `${message}, which has no form in JSON` });
  expect(asked).toHaveLength(0);
});

test('values arrive as they were given: an instant in UTC, a whole number without a digit lost, null as null', async () => {
  answers = [good];
  const at = new Date(0);
  await client().graphql('{ job }', { rows: [{ at, id: 9007199254740993n, none: null, left: undefined }, at] });
  expect(JSON.parse(sent[0] ?? '').variables).toEqual({
    rows: [{ at: '1970-01-01T00:00:00.000Z', id: '9007199254740993', none: null }, '1970-01-01T00:00:00.000Z'],
  });
});

test('the path of the URL stands before that of every request, and of those of the commands', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'files-'));
  const [csv, file] = [join(folder, 'cases.csv'), join(folder, 'set.parquet')];
  writeFileSync(csv, 'customer_id');
  try {
    const below = new Riskgraph({ url: `${url}/risk/`, key: 'k' });
    const set = { id: '1', downloadUrl: '/training-sets/1' };
    answers = [json(200, { data: { trainingSet: set } }), (_, response) => response.end('rows'), json(200, {})];
    await (await below.openTrainingSet('1')).download(file);
    await below.uploadSpine(csv, { target: 'bad' });
    await new CommandClient({ url: `${url}/risk`, key: 'k' }).graphql('{ job }');
    expect(asked.map((request) => request.url)).toEqual([
      '/risk/graphql',
      '/risk/training-sets/1',
      '/risk/spines?target=bad',
      '/risk/graphql',
    ]);
    expect(await readFile(file, 'utf8')).toBe('rows');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a change, an upload and a download are given up at the deadline of the call, and no part of a file is left', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'files-'));
  const csv = join(folder, 'cases.csv');
  writeFileSync(csv, 'customer_id');
  try {
    answers = [json(200, { data: { trainingSet: { id: '1', downloadUrl: '/training-sets/1' } } }), never];
    const set = await client().openTrainingSet('1');
    const call = { deadlineMs: 50 };
    expect((await failure(client().graphql('mutation { applyRegistry }', {}, call))).code).toBe('TIMEOUT');
    expect((await failure(client().uploadSpine(csv, {}, call))).code).toBe('TIMEOUT');
    // The server does not stop a change midway for a caller that waits no longer.
    expect(asked.slice(1).map(({ headers }) => headers['x-deadline-ms'])).toEqual([undefined, undefined]);

    answers = [(_, response) => response.write('half of the rows')];
    expect((await failure(set.download(join(folder, 'set.parquet'), call))).code).toBe('TIMEOUT');
    const gone = new AbortController();
    const given = set.download(join(folder, 'set.parquet'), { signal: gone.signal });
    gone.abort(new Error('the modeler left'));
    await expect(given).rejects.toThrow('the modeler left');
    expect(await readdir(folder)).toEqual(['cases.csv']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('the observations of a label are asked for by its name, and columns of such names are columns', async () => {
  answers = [json(200, { data: { createTrainingSet: { id: '1' } } })];
  const request = { name: 'x', features: ['a@1:b'] };
  await client().createTrainingSet({ ...request, spine: { fromLabel: 'dpd30_6m@1' } });
  await client().createTrainingSet({ ...request, spine: { fromLabel: ['yes'], id: ['1'], sql: ['a'] } });
  expect(sent.map((body) => JSON.parse(body).variables.input)).toMatchObject([
    { spineFromLabel: 'dpd30_6m@1' },
    { spine: { fromLabel: ['yes'], id: ['1'], sql: ['a'] } },
  ]);
});

test('the time that the server names is waited for, and where the deadline ends before it the refusal comes at once', async () => {
  answers = [refusal(503, 'OVERLOADED', { 'retry-after': '1' }), good];
  const started = performance.now();
  expect(await client().job('1')).toBeNull();
  expect(performance.now() - started).toBeGreaterThanOrEqual(1_000);

  answers = [refusal(503, 'OVERLOADED', { 'retry-after': '30' })];
  asked.length = 0;
  const error = await failure(client({ deadlineMs: 20_000 }).job('1'));
  expect([error.code, error.retryAfterSeconds, asked.length]).toEqual(['OVERLOADED', 30, 1]);
});

test('the last refusal comes after so many attempts', async () => {
  answers = [refusal(503, 'OVERLOADED')];
  expect((await failure(client({ attempts: 3 }).job('1'))).code).toBe('OVERLOADED');
  expect(asked).toHaveLength(3);
});

test('the server is told less than the deadline of the caller, which ends the call where no answer comes', async () => {
  answers = [never];
  const error = await failure(client({ deadlineMs: 300 }).job('1'));
  expect(error.code).toBe('TIMEOUT');
  const told = Number(asked[0]?.headers['x-deadline-ms']);
  expect(told).toBeGreaterThan(200);
  expect(told).toBeLessThanOrEqual(250);

  answers = [good];
  await client({ deadlineMs: null }).job('1');
  expect(asked[1]?.headers).not.toHaveProperty('x-deadline-ms');
  await client({ deadlineMs: null }).graphql('{ job }', {}, { deadlineMs: 100 });
  expect(Number(asked[2]?.headers['x-deadline-ms'])).toBeLessThanOrEqual(80);
});

test('a caller that goes away gives its call up with its own reason', async () => {
  answers = [never];
  const gone = new AbortController();
  const call = client().graphql('{ job }', {}, { signal: gone.signal });
  gone.abort(new Error('the customer left'));
  await expect(call).rejects.toThrow('the customer left');
});

test('calls that follow each other keep their connection', async () => {
  answers = [good];
  connections.clear();
  for (let call = 0; call < 8; call++) await client().job(String(call));
  expect(asked).toHaveLength(8);
  // A second one is opened where the first is not yet free.
  expect(connections.size).toBeLessThanOrEqual(2);
});

test('what is no answer of a server is told from one', async () => {
  answers = [(_, response) => response.end('<html>welcome</html>')];
  expect(await failure(client().job('1'))).toMatchObject({
    code: 'INTERNAL',
    message: 'the answer, of status 200, is none of a Riskgraph server',
  });
  const nobody = new Riskgraph({ url: 'http://127.0.0.1:1', key: 'k', attempts: 1 });
  expect(await failure(nobody.job('1'))).toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: 'no server answers at http://127.0.0.1:1',
  });
});

test('an error of the caller’s own disk is given as it is, and blames no server', async () => {
  answers = [(_, response) => response.end('a file')];
  const transport = new Transport({ url, key: 'k', deadlineMs: null, attempts: 1, fetch });
  const taken = transport.file('/any', () => writeFile('/nowhere/at/all', 'x'));
  await expect(taken).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open', path: '/nowhere/at/all' });
});

test('the key comes from the options, a file or the environment, and its absence is told at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'key-'));
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, 'key-of-the-file\n');
  const { RISKGRAPH_KEY, RISKGRAPH_KEY_FILE, ...environment } = process.env;
  const before = process.env;
  try {
    process.env = environment;
    expect(() => new Riskgraph({ url })).toThrow('there is no API key');
    answers = [good];
    await new Riskgraph({ url, keyFile }).job('1');
    process.env = { ...environment, RISKGRAPH_KEY_FILE: keyFile };
    await new Riskgraph({ url }).job('1');
    process.env = { ...environment, RISKGRAPH_KEY: 'key-of-the-environment', RISKGRAPH_KEY_FILE: keyFile };
    await new Riskgraph({ url }).job('1');
    await new Riskgraph({ url, key: 'key-of-the-options' }).job('1');
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer key-of-the-file',
      'Bearer key-of-the-file',
      'Bearer key-of-the-environment',
      'Bearer key-of-the-options',
    ]);
  } finally {
    process.env = before;
    await rm(folder, { recursive: true, force: true });
  }
});
