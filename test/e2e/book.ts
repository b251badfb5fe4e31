/** A small lending book as files, and what both sides of the platform say about it. */
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { addDays, BusinessCalendar } from '../../src/core/time.js';
import { portfolioTables, toNdjson } from '../../src/portfolio/tables.js';
import type { Caller } from '../support/command.js';

const calendar = new BusinessCalendar('Asia/Shanghai');

/** Local days before today. */
export const daysAgo = (days: number): string => addDays(calendar.dateOf(Date.now()), -days);

export interface BookFile {
  readonly table: string;
  readonly path: string;
  readonly rows: readonly Record<string, string>[];
}

/** Writes each table of a book that ended yesterday as NDJSON. */
export async function writeBook(folder: string, customers: number): Promise<ReadonlyMap<string, BookFile>> {
  const files = new Map<string, BookFile>();
  for (const { table, rows } of portfolioTables({ seed: 7, endDate: daysAgo(1), customers, calendar })) {
    const path = join(folder, `${table}.ndjson`);
    await pipeline(Readable.from(toNdjson(rows)), createWriteStream(path));
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    files.set(table, { table, path, rows: lines.map((line) => JSON.parse(line) as Record<string, string>) });
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
