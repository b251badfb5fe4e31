/**
 * Rule 24. Files with good and bad rows go over HTTP into tables of the lending schema, twice. The first time each bad row is named and each
 * good one taken; the second time nothing is. What was refused stays to be looked at.
 */
import type { AddressInfo } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import { expect } from 'vitest';
import { raw } from '../../src/core/definitions/sql.js';
import type { RejectedRow } from '../../src/core/ports/sources.js';
import { registerErrors } from '../../src/http/errors.js';
import { registerImportRoutes } from '../../src/http/import.routes.js';
import { NOW, openSources, type Sources } from '../sources/support.js';
import { completenessInMemory } from '../support/completeness.js';
import { quietLog } from '../support/homes.js';
import { TABLES } from '../support/tables.js';
import { type Case, defineRule, shared } from './conformance.js';

interface Imported extends Case {
  readonly table:
    | 'customers'
    | 'applications'
    | 'statements'
    | 'labels'
    | 'installments'
    | 'external_reports'
    | 'loan_snapshots';
  readonly format: 'csv' | 'ndjson' | 'parquet';
  /** Lines of CSV or NDJSON; of Parquet a SELECT. */
  readonly body: string | readonly string[];
  readonly accepted: number;
  /** Line, column, words of the reason. */
  readonly refused: readonly (readonly [line: number, column: string | null, reason: RegExp])[];
}

const CUSTOMERS = 'customer_id,registered_at,city,monthly_income,birth_date,ingested_at';
const good = (id: string): string => `${id},2024-01-01T00:00:00Z,Wuhan,1000.50,,`;
const json = (id: string, more: object = {}): string =>
  JSON.stringify({ customer_id: id, registered_at: '2024-01-01T00:00:00Z', ...more });
const customers = (columns: string, rows = 4): string =>
  `SELECT concat('P', toString(number)) AS customer_id, ${columns} FROM numbers(${rows})`;
const AT = "toDateTime64('2024-01-01 00:00:00', 3, 'UTC') AS registered_at";

const CASES: readonly Imported[] = [
  {
    name: 'CSV without a bad row: all are taken',
    table: 'customers',
    format: 'csv',
    body: [CUSTOMERS, good('A1'), good('A2')],
    accepted: 2,
    refused: [],
  },
  {
    name: 'CSV: an instant without a zone, between good rows',
    table: 'customers',
    format: 'csv',
    body: [CUSTOMERS, good('B1'), 'B2,2024-01-01T00:00:00,,,,', good('B3')],
    accepted: 2,
    refused: [[3, 'registered_at', /no time zone/]],
  },
  {
    name: 'CSV: a time that does not exist',
    table: 'customers',
    format: 'csv',
    body: [CUSTOMERS, 'C1,2024-02-30T00:00:00Z,,,,', good('C2')],
    accepted: 1,
    refused: [[2, 'registered_at', /does not exist/]],
  },
  {
    name: 'CSV: money that is no number, has too many decimals, has too many digits',
    table: 'customers',
    format: 'csv',
    body: [
      CUSTOMERS,
      'D1,2024-01-01T00:00:00Z,,ten,,',
      'D2,2024-01-01T00:00:00Z,,0.001,,',
      good('D3'),
      'D4,2024-01-01T00:00:00Z,,12345678901234567.00,,',
    ],
    accepted: 1,
    refused: [
      [2, 'monthly_income', /not a decimal number/],
      [3, 'monthly_income', /more than 2 decimals/],
      [5, 'monthly_income', /more than 12 digits/],
    ],
  },
  {
    name: 'CSV: a key without a value',
    table: 'customers',
    format: 'csv',
    body: [CUSTOMERS, ',2024-01-01T00:00:00Z,,,,', good('E2')],
    accepted: 1,
    refused: [[2, 'customer_id', /has no value/]],
  },
  {
    name: 'CSV: too few values, text after a quote, a quote that is never closed: lines are counted as an editor does',
    table: 'customers',
    format: 'csv',
    body: [
      CUSTOMERS,
      'F1,2024-01-01T00:00:00Z',
      'F2,2024-01-01T00:00:00Z,"two',
      'lines",,,',
      'F3,2024-01-01T00:00:00Z,"Wu"han,,,',
      good('F4'),
      'F5,2024-01-01T00:00:00Z,"open,,,',
    ],
    accepted: 2,
    refused: [
      [2, null, /2 values and the header 6/],
      [5, null, /after a closing quote/],
      [7, null, /never closed/],
    ],
  },
  {
    name: 'CSV: a row that says it was known in the future',
    table: 'customers',
    format: 'csv',
    body: [CUSTOMERS, 'G1,2024-01-01T00:00:00Z,,,,2026-04-01T00:00:00Z', good('G2')],
    accepted: 1,
    refused: [[2, 'ingested_at', /in the future/]],
  },
  {
    name: 'CSV: a word that is none of the allowed, and a number out of bounds',
    table: 'applications',
    format: 'csv',
    body: [
      'application_id,customer_id,kind,product,applied_at,amount,term_months',
      'A1,C1,GIFT,cash,2024-01-01T00:00:00Z,100,12',
      'A2,C1,LOAN,cash,2024-01-01T00:00:00Z,100,70000',
      'A3,C1,LOAN,cash,2024-01-01T00:00:00Z,100,12',
    ],
    accepted: 1,
    refused: [
      [2, 'kind', /not one of CREDIT, DRAWDOWN, LOAN/],
      [3, 'term_months', /not between 0 and 1200/],
    ],
  },
  {
    name: 'CSV: a month that does not begin on its first day',
    table: 'statements',
    format: 'csv',
    body: [
      'customer_id,month,credit_limit,statement_balance,amount_paid,delinquency',
      'C1,2024-01-15,100,5,0,0',
      'C1,2024-01-01,100,-5,0,-2',
    ],
    accepted: 1,
    refused: [[2, 'month', /not the first day of a month/]],
  },
  {
    name: 'NDJSON: a line that is no JSON, one that is no object, one with a column of another table',
    table: 'customers',
    format: 'ndjson',
    body: [json('H1'), '{"customer_id":', '[1]', json('H4', { oops: 1 }), json('H5')],
    accepted: 2,
    refused: [
      [2, null, /not JSON/],
      [3, null, /not a JSON object/],
      [4, 'oops', /no column of the table/],
    ],
  },
  {
    name: 'NDJSON: a column that is missing, and text that is no Unicode',
    table: 'customers',
    format: 'ndjson',
    body: ['{"customer_id":"I1"}', json('I2', { city: '\ud800' }), json('I3')],
    accepted: 1,
    refused: [
      [1, 'registered_at', /has no value/],
      [2, 'city', /not UTF-8/],
    ],
  },
  {
    name: 'NDJSON: a nested value of the wrong kind',
    table: 'external_reports',
    format: 'ndjson',
    body: ['high', 600].map((score, index) =>
      JSON.stringify({
        report_id: `R${index}`,
        customer_id: 'C',
        provider: 'p',
        product: 'x',
        requested_at: '2024-01-01T00:00:00Z',
        status: 'OK',
        values: { score },
      }),
    ),
    accepted: 1,
    refused: [[1, 'values', /not a number/]],
  },
  {
    name: 'Parquet: an empty key, by its row',
    table: 'customers',
    format: 'parquet',
    body: `SELECT if(number = 2, '', concat('J', toString(number))) AS customer_id, ${AT} FROM numbers(4)`,
    accepted: 3,
    refused: [[3, 'customer_id', /has no value/]],
  },
  {
    name: 'Parquet: an instant out of bounds, by its row',
    table: 'customers',
    format: 'parquet',
    body: customers(
      "toDateTime64(if(number = 0, '1969-12-31 23:59:59', '2024-01-01 00:00:00'), 3, 'UTC') AS registered_at",
    ),
    accepted: 3,
    refused: [[1, 'registered_at', /between 1970 and 2299/]],
  },
  {
    name: 'Parquet: money as text that is none, by its row',
    table: 'customers',
    format: 'parquet',
    body: customers(`${AT}, if(number = 3, 'many', '5') AS monthly_income`).replaceAll("'P'", "'K'"),
    accepted: 3,
    refused: [[4, 'monthly_income', /not a decimal number/]],
  },
];

const TYPES = { csv: 'text/csv', ndjson: 'application/x-ndjson', parquet: 'application/vnd.apache.parquet' } as const;

interface World {
  readonly sources: Sources;
  readonly server: FastifyInstance;
  readonly url: string;
  close(): Promise<void>;
}

const world = shared(async (): Promise<World> => {
  const sources = await openSources();
  const server = fastify();
  registerErrors(server, quietLog);
  let now = NOW;
  // Each import at a time of its own, so that the newest can be told.
  const clock = () => ++now;
  const completeness = completenessInMemory(sources.clickhouse, clock);
  await registerImportRoutes(server, { tables: TABLES, sources: sources.store, completeness, now: clock });
  await server.listen({ port: 0, host: '127.0.0.1' });
  return {
    sources,
    server,
    url: `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    async close() {
      await server.close();
      await sources.close();
    },
  };
});

async function bytesOf({ clickhouse }: Sources, { format, body }: Imported): Promise<Uint8Array<ArrayBuffer>> {
  if (format !== 'parquet') return new Uint8Array(Buffer.from((body as readonly string[]).join('\n')));
  const parts: Buffer[] = [];
  for await (const part of clickhouse.bytes('test', raw(body as string), 'Parquet')) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

defineRule<Imported, World>(
  {
    rule: 24,
    open: world,
    async check(each, { sources, url }) {
      const { table, format, accepted, refused } = each;
      const body = await bytesOf(sources, each);
      const send = async () => {
        const answer = await fetch(`${url}/import/${table}`, {
          method: 'POST',
          headers: { 'content-type': TYPES[format] },
          body,
        });
        return { status: answer.status, json: await answer.json() };
      };
      const quarantine = refused.map(
        ([line, column, reason]): RejectedRow => ({ line, column, reason: expect.stringMatching(reason) }),
      );
      const rejected = refused.length;
      expect(await send()).toEqual({ status: 200, json: { accepted, duplicates: 0, rejected, quarantine } });
      // Kept, newest first, until someone looks.
      if (rejected > 0) {
        const kept = await sources.store.quarantine(table, rejected);
        expect(kept.toSorted((a, b) => a.line - b.line)).toEqual(quarantine);
      }
      expect(await send()).toEqual({ status: 200, json: { accepted: 0, duplicates: accepted, rejected, quarantine } });
    },
  },
  CASES,
);
