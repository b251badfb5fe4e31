import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReportScope, RollRatesRequest, VintageRequest } from '../../src/core/ports/indicators.js';
import { type BookTables, openIndicators } from './support.js';

const LOANS = {
  A: ['2026-01-10', 1000, 'APP'],
  B: ['2026-01-20', 2000, 'WEB'],
  C: ['2026-02-05', 3000, 'APP'],
  // Its first two months have no snapshots.
  D: ['2025-11-05', 500, 'APP'],
  // Gone from the book without a closing row.
  E: ['2026-04-10', 800, 'WEB'],
} as const;

/** Days past due and balance at the end of a day; a status where the loan closed. */
const DAYS: readonly (readonly [keyof typeof LOANS, day: string, dpd: number, balance: number, status?: string])[] = [
  ['A', '2026-01-31', 0, 1000],
  ['B', '2026-01-31', 0, 2000],
  ['D', '2026-01-31', 0, 400],
  ['A', '2026-02-28', 31, 900],
  ['B', '2026-02-28', 0, 1800],
  ['C', '2026-02-28', 0, 3000],
  ['D', '2026-02-28', 0, 300],
  // In the middle of a month, and on its last day.
  ['A', '2026-03-14', 45, 900],
  ['A', '2026-03-15', 46, 900, 'WRITTEN_OFF'],
  ['B', '2026-03-31', 0, 0, 'SETTLED'],
  ['C', '2026-03-31', 35, 2900],
  ['D', '2026-03-31', 0, 200],
  ['C', '2026-04-30', 10, 2500],
  ['D', '2026-04-30', 0, 100],
  // A closing row that is sent again closes nothing twice.
  ['A', '2026-04-30', 90, 900, 'WRITTEN_OFF'],
  ['E', '2026-04-30', 0, 800],
  ['C', '2026-05-31', 12, 2400],
];

const NOW = Date.parse('2026-05-15T00:00:00+08:00');
let tables: BookTables;

beforeAll(async () => {
  tables = await openIndicators('Asia/Shanghai');
  await tables.insert(
    'loans',
    Object.entries(LOANS).map(([loan_id, [day, principal, channel]]) => ({
      loan_id,
      customer_id: loan_id,
      product: 'CASH',
      channel,
      disbursed_at: `${day}T04:00:00.000Z`,
      principal,
      term_months: 12,
      annual_rate: 0.24,
    })),
  );
  await tables.insert(
    'loan_snapshots',
    DAYS.map(([loan_id, as_of, dpd, principal_outstanding, status = dpd > 0 ? 'OVERDUE' : 'CURRENT']) => ({
      loan_id,
      as_of,
      customer_id: loan_id,
      product: 'CASH',
      status,
      restructured: 0,
      dpd,
      principal_outstanding,
      overdue_principal: 0,
      disbursed_on: LOANS[loan_id][0],
      principal: LOANS[loan_id][1],
    })),
  );
});
afterAll(() => tables.close());

const scope = { by: [], filters: [], rights: [], asOf: null, now: NOW } as const;

describe('vintage', () => {
  /** Cells by cohort and group, in the order of months on book: numerator over denominator, or the reason. */
  async function curves(request: Partial<VintageRequest> = {}): Promise<Record<string, string[]>> {
    const { rows, nulls } = await tables.indicators.vintage({
      ...scope,
      dpd: 30,
      basis: 'BALANCE',
      observed: 'CURRENT',
      cohortGrain: 'MONTH',
      fromCohort: null,
      toCohort: null,
      maxMob: 4,
      ...request,
    });
    const all: Record<string, string[]> = {};
    rows.forEach((row, index) => {
      const [rate, denominator, numerator] = row.slice(-3).reverse();
      const reason = nulls.find((one) => one.row === index && one.column === 'rate')?.reason;
      const cohort = row.slice(0, -4).join(' ');
      all[cohort] = [...(all[cohort] ?? []), reason ?? `${numerator}/${denominator}=${rate}`];
    });
    return all;
  }

  it('counts a loan by its days past due at each month end, a written-off one at the balance charged off for ever', async () => {
    expect(await curves({ toCohort: '2026-02-28' })).toEqual({
      // No snapshots at the ends of November and December.
      '2025-11-01': ['INCOMPLETE', 'INCOMPLETE', '0/500=0', '0/500=0', '0/500=0'],
      '2026-01-01': ['0/3000=0', '900/3000=0.3', '900/3000=0.3', '900/3000=0.3', 'IMMATURE'],
      // 35 days at the end of March, 10 at that of April: a current curve falls.
      '2026-02-01': ['0/3000=0', '2900/3000=0.966667', '0/3000=0', 'IMMATURE', 'IMMATURE'],
    });
  });

  it('ever freezes the balance of the first month end at which a loan is late', async () => {
    const ever = await curves({ observed: 'EVER', fromCohort: '2026-01-01' });
    expect(ever['2026-02-01']?.slice(0, 3)).toEqual(['0/3000=0', '2900/3000=0.966667', '2900/3000=0.966667']);
    const loans = await curves({ observed: 'EVER', basis: 'COUNT', fromCohort: '2026-01-01' });
    expect(loans['2026-01-01']?.slice(0, 4)).toEqual(['0/2=0', '1/2=0.5', '1/2=0.5', '1/2=0.5']);
    // From 60 days on, only the write-off counts.
    const late = await curves({ dpd: 60, basis: 'COUNT', fromCohort: '2026-01-01' });
    expect(late['2026-01-01']?.slice(0, 4)).toEqual(['0/2=0', '0/2=0', '1/2=0.5', '1/2=0.5']);
  });

  it('a quarter waits for its last month', async () => {
    expect(
      await curves({ cohortGrain: 'QUARTER', fromCohort: '2026-01-01', toCohort: '2026-03-31', maxMob: 2 }),
    ).toEqual({
      '2026-01-01': ['0/6000=0', '3800/6000=0.633333', 'IMMATURE'],
    });
    // Nobody is disbursed in it any more where the days asked for end before it.
    // The worst so far is not known where the book was not seen.
    const ever = await curves({ observed: 'EVER', toCohort: '2025-11-30' });
    expect(ever['2025-11-01']).toEqual(Array(5).fill('INCOMPLETE'));
    const cut = await curves({ cohortGrain: 'QUARTER', fromCohort: '2026-01-01', toCohort: '2026-02-28', maxMob: 2 });
    expect(cut['2026-01-01']?.[2]).toBe('900/6000=0.15');
  });

  it('groups by dimensions of loans, and reads the book as it was known', async () => {
    const by = await curves({ by: ['channel'], fromCohort: '2026-01-01', toCohort: '2026-01-31', maxMob: 1 });
    expect(by).toEqual({
      '2026-01-01 APP': ['0/1000=0', '900/1000=0.9'],
      '2026-01-01 WEB': ['0/2000=0', '0/2000=0'],
    });
    const filters = [{ dimension: 'channel', op: 'EQ', values: ['WEB'] }] as const;
    const filtered = await curves({ filters, fromCohort: '2026-01-01', maxMob: 1 });
    expect(filtered['2026-01-01']).toEqual(['0/2000=0', '0/2000=0']);
    const asOf = Date.parse('2026-03-10T00:00:00+08:00');
    expect((await curves({ asOf, fromCohort: '2026-01-01' }))['2026-01-01']).toEqual([
      '0/3000=0',
      '900/3000=0.3',
      'IMMATURE',
      'IMMATURE',
      'IMMATURE',
    ]);
  });

  it.each([
    [{ dpd: 0 }, 'dpd is 0'],
    [{ maxMob: 121 }, 'maxMob is 121'],
    [{ cohortGrain: 'DAY' }, 'cohorts by DAY'],
    [{ by: ['chanel'] }, "'chanel' is not a dimension of loans"],
    [{ fromCohort: '2026-02-01', toCohort: '2026-01-01' }, 'is after'],
  ] as const)('refuses %j', async (request, message) => {
    await expect(curves(request as Partial<VintageRequest>)).rejects.toThrow(message);
  });
});

describe('roll rates', () => {
  const rolls = async (request: Partial<RollRatesRequest> = {}) => {
    const { rows } = await tables.indicators.rollRates({
      ...scope,
      from: '2026-01-01',
      to: '2026-05-31',
      basis: 'BALANCE',
      ...request,
    });
    return rows.map((row) => row.join(' '));
  };

  it('splits what a bucket held at the end of a month into what was paid and where the rest is; parts add up to the opening', async () => {
    expect(await rolls()).toEqual([
      // January has no month end before it, and May is not over.
      '2026-02-01 C PAID 3400 400 0.117647',
      '2026-02-01 C C 3400 2100 0.617647',
      '2026-02-01 C M2 3400 900 0.264706',
      '2026-03-01 C PAID 5100 2000 0.392157',
      '2026-03-01 C C 5100 200 0.039216',
      '2026-03-01 C M2 5100 2900 0.568627',
      '2026-03-01 M2 WRITTEN_OFF 900 900 1',
      '2026-04-01 C PAID 200 100 0.5',
      '2026-04-01 C C 200 100 0.5',
      '2026-04-01 M2 PAID 2900 400 0.137931',
      '2026-04-01 M2 M1 2900 2500 0.862069',
    ]);
  });

  it('a loan without a row at the month end, and without a closing one, is UNKNOWN', async () => {
    const rows = await rolls({ from: '2026-05-01', to: '2026-05-31', asOf: Date.parse('2026-06-02T00:00:00+08:00') });
    expect(rows).toEqual([
      '2026-05-01 C UNKNOWN 900 900 1',
      '2026-05-01 M1 PAID 2500 100 0.04',
      '2026-05-01 M1 M1 2500 2400 0.96',
    ]);
  });

  it('by count moves loans, and a settled one is paid', async () => {
    expect(await rolls({ basis: 'COUNT', by: ['channel'], from: '2026-03-01', to: '2026-03-31' })).toEqual([
      '2026-03-01 APP C C 2 1 0.5',
      '2026-03-01 APP C M2 2 1 0.5',
      '2026-03-01 APP M2 WRITTEN_OFF 1 1 1',
      '2026-03-01 WEB C PAID 1 1 1',
    ]);
  });
});

describe('rights to rows', () => {
  const rights = [{ dimension: 'channel', values: ['APP'] }];
  const own = [{ dimension: 'channel', op: 'EQ', values: ['APP'] }] as const;
  const others = [{ dimension: 'channel', op: 'EQ', values: ['WEB'] }] as const;
  const loanReports = {
    vintage: {
      ...scope,
      dpd: 30,
      basis: 'BALANCE',
      observed: 'CURRENT',
      cohortGrain: 'MONTH',
      fromCohort: null,
      toCohort: null,
      maxMob: 4,
    },
    rollRates: { ...scope, from: '2026-01-01', to: '2026-05-31', basis: 'BALANCE' },
  } as const;

  it.each(['vintage', 'rollRates'] as const)(
    '%s counts the rows that the caller may read, grouped, in total, and however it is filtered',
    async (name) => {
      const read = (request: Partial<ReportScope>) =>
        tables.indicators[name]({ ...loanReports[name], ...request } as VintageRequest & RollRatesRequest);
      for (const by of [[], ['channel'], ['product']]) {
        const bound = await read({ rights, by });
        expect(bound.rows.length).toBeGreaterThan(0);
        expect(bound).toEqual(await read({ filters: own, by }));
        expect(await read({ rights, filters: own, by })).toEqual(bound);
      }
      for (const filters of [
        others,
        [{ dimension: 'channel', op: 'NE', values: ['APP'] }],
        [{ dimension: 'channel', op: 'NOT_IN', values: ['APP'] }],
      ] as const) {
        expect((await read({ rights, filters })).rows).toEqual([]);
      }
      // Both rights must hold.
      expect((await read({ rights: [...rights, { dimension: 'product', values: ['LINE'] }] })).rows).toEqual([]);
      await expect(read({ rights: [{ dimension: 'branch', values: ['1'] }] })).rejects.toMatchObject({
        code: 'FORBIDDEN',
      });
    },
  );

  it('every indicator that has the dimension counts those rows alone, and every other is refused', async () => {
    const months = { from: '2026-01-01', to: '2026-04-30', grain: 'MONTH' } as const;
    const all = [...tables.registry.indicators.values()];
    const within = all.filter(({ dimensions }) => 'channel' in dimensions).map(({ id }) => id);
    const without = all.filter(({ dimensions }) => !('channel' in dimensions)).map(({ id }) => id);
    expect([within.length, without.length].every((length) => length > 10)).toBe(true);
    for (const by of [[], ['channel']]) {
      const asked = { ...months, names: within, by } as const;
      const { rows, nulls } = await tables.table('', { ...asked, rights });
      const filtered = await tables.table('', { ...asked, filters: own });
      expect({ rows, nulls }).toEqual({ rows: filtered.rows, nulls: filtered.nulls });
      expect(rows.flat().some((value) => Number(value) > 0)).toBe(true);
    }
    for (const name of without)
      await expect(tables.table(name, { ...months, rights })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
