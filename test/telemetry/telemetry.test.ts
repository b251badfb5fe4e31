import { describe, expect, it } from 'vitest';
import { SOURCE_TABLES } from '../../src/core/lending/sources.js';
import { createTelemetry } from '../../src/telemetry/telemetry.js';

function logged(write: (log: ReturnType<typeof createTelemetry>['log']) => void): string {
  const lines: string[] = [];
  const { log } = createTelemetry({
    level: 'debug',
    pretty: false,
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
  ])('never holds %s', (_, fields) => {
    const text = logged((log) => log.error(fields, 'something'));
    expect(text).not.toContain('S3CRET');
    expect(text).toContain('something');
  });

  it('never holds a personal column of any source table, at any depth at which log lines hold rows', () => {
    const personal = [...SOURCE_TABLES.values()].flatMap(({ columns }) => columns.filter(({ pii }) => pii));
    expect(personal.map(({ name }) => name)).toEqual(expect.arrayContaining(['phone_hash', 'birth_date', 'latitude']));
    for (const { name } of personal) {
      const one = { [name]: 'S3CRET' };
      const text = logged((log) => log.error({ ...one, table: one, request: { customer: one, a: { b: one } } }, 'x'));
      expect(text, name).not.toContain('S3CRET');
    }
  });

  it('keeps counts readable under the same names', () => {
    expect(JSON.parse(logged((log) => log.info({ rows: 500, events: 3 }, 'imported')))).toMatchObject({
      rows: 500,
      events: 3,
    });
  });
});

describe('metrics', () => {
  it('are made by their first report and read as Prometheus text', async () => {
    const { metrics, metricsText } = createTelemetry({ level: 'error', pretty: false });
    metrics.count('imports_total', { table: 'customers' });
    metrics.count('imports_total', { table: 'customers' }, 2);
    metrics.gauge('worker_healthy', 1);
    metrics.observe('query_seconds', 0.02, { label: 'join' });
    const text = await metricsText();
    expect(text).toContain('riskgraph_imports_total{table="customers"} 3');
    expect(text).toContain('riskgraph_worker_healthy 1');
    expect(text).toContain('riskgraph_query_seconds_count{label="join"} 1');
    expect(text).toContain('riskgraph_process_cpu_seconds_total');
  });
});
