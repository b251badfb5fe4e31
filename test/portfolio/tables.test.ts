import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { luhnValid } from '../../src/core/device-ids.js';
import { SOURCE_TABLES } from '../../src/core/sources.js';
import { BusinessCalendar } from '../../src/core/time.js';
import { portfolioTables, toNdjson } from '../../src/portfolio/tables.js';

type Row = Record<string, string | number | string[] | undefined>;

function groupBy(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}

const calendar = new BusinessCalendar('Asia/Shanghai');
const END = '2026-03-16';

async function read(options: { seed?: number; endDate?: string; customers: number }): Promise<Map<string, Row[]>> {
  const tables = new Map<string, Row[]>();
  for (const { table, rows } of portfolioTables({ seed: 7, endDate: END, calendar, ...options })) {
    const all: Row[] = [];
    for await (const row of rows) all.push(row as Row);
    tables.set(table, all);
  }
  return tables;
}

describe('the synthetic portfolio', () => {
  let book: Map<string, Row[]>;
  const rows = (table: string): Row[] => book.get(table) ?? [];
  /** What is known in the end: the last version of each statement. */
  const statements = (): Row[] => [
    ...new Map(rows('statements').map((row) => [`${row.customer_id} ${row.product} ${row.month}`, row])).values(),
  ];
  beforeAll(async () => {
    book = await read({ customers: 2_000 });
  });

  it('gives the same rows for the same seed, end date and size, in any order of reading', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 1, max: 20 }), async (seed, customers) => {
        const options = { seed, endDate: END, customers, calendar };
        const first = portfolioTables(options);
        const second = portfolioTables(options);
        for (const { table, rows } of [...first].reverse()) {
          const again = second.find((other) => other.table === table);
          const bytes = async (source: AsyncIterable<Record<string, unknown>>) => {
            const parts: Uint8Array[] = [];
            for await (const part of toNdjson(source)) parts.push(part);
            return Buffer.concat(parts).toString();
          };
          expect(await bytes(rows)).toBe(await bytes(again?.rows ?? rows));
        }
      }),
      { numRuns: 5 },
    );
  });

  it('differs by seed', async () => {
    const [one, two] = [await read({ customers: 3, seed: 1 }), await read({ customers: 3, seed: 2 })];
    expect(one.get('customers')).not.toEqual(two.get('customers'));
  });

  it('writes only columns of the lending schema, and all that are required', () => {
    for (const [name, all] of book) {
      const columns = SOURCE_TABLES.get(name)?.columns ?? [];
      const known = new Set([...columns.map((column) => column.name), 'ingested_at']);
      const required = columns.filter((column) => column.required).map((column) => column.name);
      expect(all.length).toBeGreaterThan(0);
      const unknown = new Set(all.flatMap((row) => Object.keys(row)).filter((column) => !known.has(column)));
      expect([...unknown]).toEqual([]);
      expect(all.filter((row) => required.some((column) => row[column] === undefined))).toEqual([]);
    }
  });

  it('ends on the end date: the newest complete month has its statement and nothing was known later', () => {
    const horizon = new Date(calendar.endOfDay(END)).toISOString();
    const months = rows('statements').map((row) => String(row.month));
    expect(months.sort().at(-1)).toBe('2026-02-01');
    for (const [column, table] of [
      ['ingested_at', 'statements'],
      ['known_at', 'labels'],
      ['seen_at', 'device_sightings'],
      ['registered_at', 'customers'],
    ] as const) {
      expect(rows(table).filter((row) => String(row[column] ?? '') > horizon)).toEqual([]);
    }
    expect(rows('device_sightings').some((row) => String(row.seen_at) > '2026-03-15')).toBe(true);
  });

  it('counts the end date itself when it closes a month', async () => {
    const closed = await read({ customers: 20, endDate: '2026-02-28' });
    expect(closed.get('statements')?.some((row) => row.month === '2026-02-01')).toBe(true);
  });

  it('flows between delinquency buckets as lenders report', () => {
    const byAccount = groupBy(statements(), (row) => `${row.customer_id} ${row.product}`);
    const counts = { current: 0, toM1: 0, m1: 0, toM2: 0, cured: 0 };
    for (const months of byAccount.values()) {
      for (let index = 1; index < months.length; index++) {
        const before = Math.max(0, Number(months[index - 1]?.delinquency));
        const now = Math.max(0, Number(months[index]?.delinquency));
        if (before === 0) {
          counts.current++;
          if (now === 1) counts.toM1++;
        } else if (before === 1) {
          counts.m1++;
          if (now === 2) counts.toM2++;
          if (now === 0) counts.cured++;
        }
      }
    }
    expect(counts.toM1 / counts.current).toBeGreaterThan(0.006);
    expect(counts.toM1 / counts.current).toBeLessThan(0.02);
    expect(counts.toM2 / counts.m1).toBeGreaterThan(0.35);
    expect(counts.toM2 / counts.m1).toBeLessThan(0.5);
    expect(counts.cured / counts.m1).toBeGreaterThan(0.4);
    expect(counts.cured / counts.m1).toBeLessThan(0.58);
  });

  it('chains statements: a payment goes to the balance of the month before and a month behind is one step', () => {
    const broken: Row[] = [];
    for (const months of groupBy(statements(), (row) => `${row.customer_id} ${row.product}`).values()) {
      for (let index = 1; index < months.length; index++) {
        const [before, now] = [months[index - 1] as Row, months[index] as Row];
        const overpaid = Number(now.amount_paid) > Math.max(0, Number(before.statement_balance)) + 1e-9;
        if (overpaid || Number(now.delinquency) - Math.max(0, Number(before.delinquency)) > 1) broken.push(now);
      }
    }
    expect(broken).toEqual([]);
  });

  it('derives every label from the statements of its own window', () => {
    const worst = new Map<string, number>();
    for (const row of statements()) {
      const key = `${row.customer_id} ${String(row.month).slice(0, 7)}`;
      worst.set(key, Math.max(worst.get(key) ?? 0, Number(row.delinquency)));
    }
    let bads = 0;
    const wrong: Row[] = [];
    for (const label of rows('labels')) {
      const from = calendar.dateOf(Date.parse(String(label.window_from)));
      let bad = 0;
      for (let ahead = 0; ahead < 6; ahead++) {
        const month = new Date(Date.UTC(Number(from.slice(0, 4)), Number(from.slice(5, 7)) - 1 + ahead, 1));
        if ((worst.get(`${label.entity_id} ${month.toISOString().slice(0, 7)}`) ?? 0) >= 2) bad = 1;
      }
      const lag = (Date.parse(String(label.known_at)) - Date.parse(String(label.window_to))) / 86_400_000;
      const early = String(label.window_from) < String(label.observed_at);
      if (label.value !== bad || early || ![1, 2, 3].includes(lag)) wrong.push(label);
      bads += bad;
    }
    expect(wrong).toEqual([]);
    expect(bads / rows('labels').length).toBeGreaterThan(0.015);
    expect(bads / rows('labels').length).toBeLessThan(0.06);
  });

  it('has rows that came late and rows that were restated', () => {
    const late = rows('statements').filter((row) => row.ingested_at !== undefined);
    expect(late.length / rows('statements').length).toBeGreaterThan(0.001);
    expect(rows('statements').length).toBeGreaterThan(statements().length);
  });

  it('shares devices honestly now and then, and densely with forged identifiers in rings', () => {
    const byDevice = groupBy(rows('device_sightings'), (row) => String(row.device_id));
    const sharing = [...byDevice.values()].map((sightings) => new Set(sightings.map((row) => row.customer_id)).size);
    const shared = sharing.filter((customers) => customers >= 2).length / sharing.length;
    expect(shared).toBeGreaterThan(0.01);
    expect(shared).toBeLessThan(0.04);
    expect(sharing.some((customers) => customers >= 4)).toBe(true);
    const forged = (crowded: boolean) => {
      const imeis = [...byDevice.values()]
        .filter((sightings) => new Set(sightings.map((row) => row.customer_id)).size >= 4 === crowded)
        .flatMap((sightings) => (sightings[0]?.imei ? [String(sightings[0].imei)] : []));
      return imeis.filter((imei) => !luhnValid(imei)).length / Math.max(1, imeis.length);
    };
    expect(forged(false)).toBeLessThan(0.03);
  });

  it('holds one customer in memory at a time, however many there are', async () => {
    const [, sightings] = portfolioTables({ seed: 1, endDate: END, customers: 50_000_000, calendar });
    let read = 0;
    for await (const _ of sightings?.rows ?? []) if (++read === 5_000) break;
    expect(read).toBe(5_000);
  });
});
