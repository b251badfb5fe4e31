/** A small lending book as files, and what both sides of the platform say about it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addDays, BusinessCalendar } from '../../src/core/helpers/time.js';
import { Book } from '../../synthetic/book.js';
import { customerRows } from '../../synthetic/portfolio.js';
import { middayClock } from '../support/clock.js';
import type { Caller } from '../support/command.js';

const calendar = new BusinessCalendar('Asia/Shanghai');

/** Local days before today. */
export const daysAgo = (days: number): string => addDays(calendar.dateOf(middayClock()), -days);

export interface BookFile {
  readonly table: string;
  readonly path: string;
  readonly rows: readonly Record<string, string>[];
}

/** What the stacks of these tests take of the product's definitions; the demo's stack takes all. */
export const DEFINITIONS = [
  'repayment_history@1',
  'statement_history@1',
  'device_profile@1',
  'device_sharing@1',
  'behaviour_score@1',
  'dpd30_6m',
  'dpd60_12m',
];

/** What these views and labels are made from; a book has twenty tables more. */
const TABLES = [
  'customers',
  'device_sightings',
  'loans',
  'installments',
  'repayments',
  'loan_events',
  'statements',
  'labels',
];
/** Less than the window of device_profile; a device that was seen before would come online by a backfill and not by today's run. */
const SEEN_WITHIN_DAYS = 340;
/** Customers of a book for one who borrows, generously. */
const CUSTOMERS_A_BORROWER = 20;

/** Writes tables of a book that ended yesterday as NDJSON: of so many customers who borrow, since the others have hardly a row. */
export async function writeBook(folder: string, customers: number): Promise<ReadonlyMap<string, BookFile>> {
  const size = customers * CUSTOMERS_A_BORROWER;
  const book = new Book({ seed: 7, endDate: daysAgo(1), customers: size, calendar });
  const lines = new Map(TABLES.map((table) => [table, [] as string[]]));
  const seenSince = daysAgo(SEEN_WITHIN_DAYS);
  let left = customers;
  for (let index = 0; index < size && left > 0; index++) {
    const rows = customerRows(book, index);
    if (!rows.loans?.length) continue;
    left -= 1;
    for (const [table, kept] of lines)
      for (const row of rows[table] ?? [])
        if (table !== 'device_sightings' || String(row.seen_at) > seenSince) kept.push(JSON.stringify(row));
  }
  if (left > 0) throw new Error(`a book of ${size} customers has only ${customers - left} who borrow`);
  const files = new Map<string, BookFile>();
  for (const [table, kept] of lines) {
    const path = join(folder, `${table}.ndjson`);
    await writeFile(path, `${kept.join('\n')}\n`);
    files.set(table, { table, path, rows: kept.map((line) => JSON.parse(line) as Record<string, string>) });
  }
  return files;
}

/** Entity keys of a book, as the columns that name them. */
export interface Keys {
  readonly view: string;
  readonly columns: Readonly<Record<string, readonly string[]>>;
}

export function keysOf(book: ReadonlyMap<string, BookFile>): Keys[] {
  const customers = (book.get('customers')?.rows ?? []).map(({ customer_id }) => customer_id as string);
  const sightings = book.get('device_sightings')?.rows ?? [];
  const devices = [...new Set(sightings.map(({ device_id }) => device_id as string))];
  const pairs = new Map(sightings.map((row) => [`${row.customer_id} ${row.device_id}`, row]));
  const pairColumn = (name: string) => [...pairs.values()].map((row) => row[name] as string);
  return [
    { view: 'repayment_history@1', columns: { customer_id: [...customers, 'nobody'] } },
    { view: 'statement_history@1', columns: { customer_id: [...customers, 'nobody'] } },
    { view: 'device_profile@1', columns: { device_id: [...devices, 'nothing'] } },
    {
      view: 'device_sharing@1',
      columns: { customer_id: pairColumn('customer_id'), device_id: pairColumn('device_id') },
    },
  ];
}

/** One row a key: the value of each feature of the view, as the online store answers. */
export async function onlineRows(caller: Caller, { view, columns }: Keys): Promise<unknown[][]> {
  const { onlineFeatures } = await caller.ask<{ onlineFeatures: { columns: { values: unknown[] }[] } }>(
    'admin',
    'query($features: [String!], $entities: JSONObject!) { onlineFeatures(features: $features, entities: $entities) { columns { values } } }',
    { features: [view], entities: columns },
  );
  const rows = Object.values(columns)[0]?.length ?? 0;
  return Array.from({ length: rows }, (_, row) => onlineFeatures.columns.map(({ values }) => values[row]));
}

/** The same, as the history answers at an instant. */
export async function historyRows(caller: Caller, { view, columns }: Keys, at: string): Promise<unknown[][]> {
  const keys = Object.values(columns);
  const spine = { ...columns, event_timestamp: (keys[0] ?? []).map(() => at) };
  const { historicalFeatures } = await caller.ask<{ historicalFeatures: { rows: unknown[][] } }>(
    'admin',
    'query($features: [String!], $spine: JSONObject!) { historicalFeatures(features: $features, spine: $spine) { rows } }',
    { features: [view], spine },
  );
  return historicalFeatures.rows.map((row) => row.slice(keys.length + 1));
}

/** Now by the later of two clocks: that of the programs under test, and that of the stores, which stamps rows. */
export const nowText = (): string => new Date(Math.max(middayClock(), Date.now())).toISOString();
