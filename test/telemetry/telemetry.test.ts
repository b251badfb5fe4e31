import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/core/ports/metrics.js';
import { mergeExpositions, prometheusName } from '../../src/telemetry/metrics.js';
import { createTelemetry } from '../../src/telemetry/telemetry.js';
import { TABLES } from '../support/tables.js';

function logged(write: (log: ReturnType<typeof createTelemetry>['log']) => void): string {
  const lines: string[] = [];
  const { log } = createTelemetry({
    level: 'debug',
    pretty: false,
    personal: TABLES.personalColumns,
    destination: { write: (line) => void lines.push(line) },
  });
  write(log);
  return lines.join('');
}

describe('the log', () => {
  it('is one JSON line with level, time and fields', () => {
    const line = JSON.parse(logged((log) => log.info({ requestId: 'r1', ms: 5 }, 'graphql'))) as Record<
      string,
      unknown
    >;
    expect(line).toMatchObject({ level: 'info', requestId: 'r1', ms: 5, msg: 'graphql' });
    expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it.each([
    ['a key', { key: 'S3CRET' }],
    ['a header', { req: { headers: { authorization: 'Bearer S3CRET' } } }],
    ['a password', { config: { password: 'S3CRET' } }],
    ['entities', { entities: { customer_id: ['S3CRET'] } }],
    ['variables', { request: { variables: { spine: 'S3CRET' } } }],
    ['a phone', { row: { phone: 'S3CRET' } }],
    ['an identity number', { customer: { id_number: 'S3CRET' } }],
    ['coordinates', { sighting: { lat: 'S3CRET', lon: 'S3CRET' } }],
    ['a password in a connection string of an error', { err: new Error('connect postgres://user:S3CRET@host/db') }],
    ['a password in the cause of an error', { err: new Error('failed', { cause: new Error('redis://:S3CRET@host') }) }],
    ["a value that a store's error quotes", { err: new Error("Cannot parse string 'S3CRET \\' S3CRET' as Int32") }],
    ['a value that Postgres quotes', { err: new Error('invalid input syntax for type integer: "S3CRET"') }],
    ['text that is no JSON', { err: new SyntaxError('Unexpected token \'S\', "[S3CRET]" is not valid JSON') }],
  ])('never holds %s', (_, fields) => {
    const text = logged((log) => log.error(fields, 'something'));
    expect(text).not.toContain('S3CRET');
    expect(text).toContain('something');
  });

  it('never holds a personal column of any source table, at any depth at which log lines hold rows', () => {
    const personal = TABLES.all.flatMap(({ columns }) => columns.filter(({ pii }) => pii));
    expect(personal.map(({ name }) => name)).toEqual(expect.arrayContaining(['phone_hash', 'birth_date', 'latitude']));
    for (const { name } of personal) {
      const one = { [name]: 'S3CRET' };
      const text = logged((log) => log.error({ ...one, table: one, request: { customer: one, a: { b: one } } }, 'x'));
      expect(text, name).not.toContain('S3CRET');
    }
  });

  it('keeps the names of what a store does not find', () => {
    const text = logged((log) => log.error({ err: new Error('relation "jobs" does not exist') }, 'x'));
    expect(JSON.parse(text)).toMatchObject({ err: { message: 'relation "jobs" does not exist' } });
  });

  it('keeps counts readable under the same names', () => {
    expect(JSON.parse(logged((log) => log.info({ rows: 500, events: 3 }, 'imported')))).toMatchObject({
      rows: 500,
      events: 3,
    });
  });
});

describe('metrics', () => {
  const reported = async (): Promise<string> => {
    const { metrics, metricsText } = createTelemetry({ level: 'error', pretty: false });
    metrics.count('import_rows', { table: 'customers', outcome: 'accepted' });
    metrics.count('import_rows', { table: 'customers', outcome: 'accepted' }, 2);
    metrics.gauge('worker_healthy', 1);
    metrics.observe('import_seconds', 0.02, { table: 'customers' });
    return metricsText();
  };

  it('are made by their first report and read as Prometheus text that says what each means', async () => {
    const text = await reported();
    expect(text).toContain('riskgraph_import_rows_total{table="customers",outcome="accepted"} 3');
    expect(text).toContain(`# HELP riskgraph_worker_healthy ${METRICS.worker_healthy.help}`);
    expect(text).toContain('riskgraph_worker_healthy 1');
    expect(text).toContain('riskgraph_import_seconds_count{table="customers"} 1');
    expect(text).toContain('riskgraph_process_cpu_seconds_total');
    expect(text).not.toContain('riskgraph_jobs_waiting');
  });

  it('of two processes are one exposition: each metric stands once, each sample says whose it is', async () => {
    const text = mergeExpositions({ api: await reported(), worker: await reported(), away: '' });
    expect(text).toContain('riskgraph_worker_healthy{process="api"} 1\nriskgraph_worker_healthy{process="worker"} 1');
    expect(text).toContain('riskgraph_import_rows_total{process="worker",table="customers",outcome="accepted"} 3');
    const heads = [...text.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name);
    expect(new Set(heads).size).toBe(heads.length);
    expect(text.match(/^(?!#)[^\s{]+ /m)).toBeNull();
  });

  it('each say what they mean, and none has a label that Prometheus gives to what it scrapes', () => {
    for (const [name, { help, labels }] of Object.entries(METRICS)) {
      expect(help.length, name).toBeGreaterThan(20);
      expect(labels, name).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(job|instance|process)$/)]));
    }
  });

  it('are what the alerts read, by names and labels that there are', async () => {
    const rules = await readFile('docker/prometheus/riskgraph.rules.yaml', 'utf8');
    const labelsOf = new Map(
      (Object.keys(METRICS) as (keyof typeof METRICS)[]).map((name) => [prometheusName(name), METRICS[name].labels]),
    );
    const read = [...rules.matchAll(/(riskgraph_\w+)(?:\{(\w+)=)?/g)];
    expect(read.length).toBeGreaterThan(10);
    for (const [, name = '', label] of read) {
      expect([...labelsOf.keys()]).toContain(name);
      if (label) expect(labelsOf.get(name), name).toContain(label);
    }
    const known = new Set<string>([...labelsOf.values()].flat());
    for (const [, by = ''] of rules.matchAll(/by \(([\w, ]+)\)/g))
      for (const label of by.split(', ')) expect(label === 'job' || known.has(label), label).toBe(true);
    const alerts = rules.split('- alert: ').slice(1);
    for (const alert of alerts) expect(alert).toMatch(/^\w+\n {8}expr: [\s\S]*summary: [\s\S]*description: /);
  });
});
