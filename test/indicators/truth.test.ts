import { Decimal } from 'decimal.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalDays } from '../../src/core/helpers/local-days.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { loanDays, replayLoan } from '../../src/core/lending/loan-ledger.js';
import type { DataTable, IndicatorTableRequest } from '../../src/core/ports/indicators.js';
import { createIndicators } from '../../src/indicators/indicators.js';
import { namedIn } from '../support/indicators.js';
import { LEDGER } from './oracle/ledger.js';
import { type Oracle, type Part, type Row, vintageOf } from './oracle/measures.js';
import { OPERATIONS } from './oracle/operations.js';
import { dayOf, generated, HALF, hand, openLenders, small, YEAR, ZONE } from './oracle/store.js';
import { addDays, type Story } from './oracle/story.js';
import type { BookTables } from './support.js';

let tables: BookTables;
beforeAll(async () => {
  tables = await openLenders();
});
afterAll(() => tables.close());

const NOW = Date.parse('2030-01-01T00:00:00Z');
const HAND = [{ dimension: 'product', op: 'EQ', values: ['HAND'] }] as const;
const byReason = ({ nulls }: DataTable) =>
  new Map(nulls.map(({ row, column, reason }) => [`${row} ${column}`, reason]));

describe('a ledger of twenty loans', () => {
  it.each([
    // At the ends of January to December, L01 to L20 without those that closed:
    // 3 x 1100 + 500 + 500 + 600 + 1000 + 600 + 900 + 500 + 400 + 300 in January; L17 in February, L14 and L18 in March; 2000 + 100 + 100 + 400 in December.
    ['loan_balance', '8600 8900 7400 6200 5800 4500 3600 3400 1900 1300 800 2600'],
    ['loans_on_book', '12 14 14 12 11 9 7 8 7 6 5 4'],
    // February: L09 (9 days), L10 (17), L11 (21): 2000. March adds L12's bounced 300. June: L10 and L16. December: L15 and L06. L05 is never late at a month end: its due date is DPD 0.
    [
      'overdue_balance_rate_1',
      '0 0.224719 0.310811 0.322581 0.241379 0.311111 0.25 0.264706 0.210526 0.307692 0.5 0.192308',
    ],
    // L09, L10 and L11 are 40, 48 and 52 days late in March; L09 is restructured in May, L11 sold in June, L10 written off in September.
    ['overdue_balance_rate_30', '0 0 0.27027 0.322581 0.241379 0.2 0.25 0.264706 0 0.307692 0.5 0.153846'],
    ['overdue_balance_rate_60', '0 0 0 0.322581 0.241379 0.2 0.25 0.264706 0 0 0.5 0.153846'],
    ['npl_ratio', '0 0 0 0 0.241379 0.2 0.25 0.264706 0 0 0 0.153846'],
    // 2000 of 8600 + 1100 + 300 in March.
    ['overdue_disbursed_rate_30', '0 0 0.2 0.2 0.133333 0.085714 0.085714 0.082569 0 0.036697 0.036697 0.030769'],
    // C09, C10, C11 of fourteen in March.
    ['overdue_heads_rate_30', '0 0 0.214286 0.25 0.181818 0.111111 0.142857 0.125 0 0.166667 0.2 0.25'],
    // L09 from May on: 600, 500, … of the book; settled in November.
    ['restructured_balance_rate', '0 0 0 0 0.103448 0.111111 0.111111 0.088235 0.105263 0.076923 0 0'],
    ['new_loan_amount', '8600 1100 300 - 500 - - 400 - - - 2100'],
    // Instalments of 112, 105, 106, 104, 103, 101, 102; 810 of L08's payoff in March, where L12's payment bounces and L13's is waived; 300 recovered in November.
    ['cash_received', '- 859 1773 1271 963 862 967 651 651 651 846 336'],
    ['waived_amount', '- 0 103 0 0 0 0 0 0 0 0 0'],
    // L01 to L03, L04, L08, L12 and L13 of twelve; in March with L06 and L17 of fourteen: L12 had paid on the day, the waiver pays.
    ['on_time_rate', '- 0.583333 0.642857 0.571429 0.636364 0.545455 0.625 0.857143 0.857143 0.857143 0.833333 0.5'],
    // 800 of the 8900 that open March.
    ['prepayment_rate', '- 0 0.089888 0 0 0 0 0 0 0 0 0'],
    ['written_off_amount', '- - 0 0 0 0 0 - 900 0 0 0'],
    ['net_charge_off_amount', '0 0 0 0 0 0 0 0 900 0 -300 0'],
    ['sold_amount', '- - 0 0 0 500 0 - 0 0 0 0'],
    ['sale_proceeds', '- - 0 0 0 150 0 - 0 0 0 0'],
    // L07, L09, L10 and L11 of January's twelve; L05 pays within the day after its due date, L07 15 days after it.
    ['fpd1', '0.333333 0 0 - 1 - - 1 - - - -'],
    ['fpd7', '0.333333 0 0 - 1 - - 1 - - - -'],
    ['fpd30', '0.25 0 0 - 1 - - 1 - - - -'],
    // L12's second instalment bounced three days after its due date: it was paid on the day after it.
    ['spd1', '0 0 0 - 0 - - 0 - - - -'],
  ])('%s has the values derived by hand', async (name, expected) => {
    expect(await months(name)).toBe(expected);
  });

  let table: Promise<DataTable> | undefined;
  const NAMES = Object.keys(hand.indicators);
  /** All indicators in one table, read once. */
  async function months(name: string): Promise<string> {
    table ??= tables.table('', {
      names: NAMES,
      from: '2028-01-01',
      to: YEAR,
      filters: HAND,
      components: false,
      now: NOW,
    });
    const { columns, rows } = await table;
    const at = columns.findIndex((column) => column.name === name);
    return rows.map((row) => row[at] ?? '-').join(' ');
  }

  it('recoveries are by the bucket that is entered, up to what was overdue then', async () => {
    const { rows } = await tables.table('recovery_rate_30', {
      by: ['bucket'],
      from: '2028-02-01',
      to: '2028-03-31',
      filters: HAND,
    });
    expect(rows.map((row) => row.join(' '))).toEqual([
      // 53 of L07, which pays them; 210, 109 and 105 of L09 to L11, which never do.
      '2028-02-01 M1 0.111111 53 477',
      '2028-02-01 M2   ',
      // L07 again and L12's bounced 104; then two instalments each of L09 to L11.
      '2028-03-01 M1 1 157 157',
      '2028-03-01 M2 0 0 848',
    ]);
  });

  it.each([
    // Of four cases of March L11's is lost.
    ['lost_contact_rate', '2028-03', '0.25'],
    ['promise_kept_rate', '2028-03', '0.5'],
    // L01's 1100 on K1 and K2 (1000 and 2000); in February K2 is frozen, L01 and L17 owe 1100 of 4000; in March L01 900; in April K3 is 1500.
    ['line_utilization', '2028-01', '0.366667'],
    ['line_utilization', '2028-02', '0.275'],
    ['line_utilization', '2028-03', '0.225'],
    ['line_utilization', '2028-04', '0.32'],
    ['lines_in_force', '2028-02', '2'],
    ['limit_in_force', '2028-04', '2500'],
    // K1 is drawn five days after its grant, K2 58 days after it, K3 on the day itself.
    ['drawdown_rate_30', '2028-01', '0.5'],
    ['drawdown_rate_30', '2028-02', '1'],
    ['drawdown_rate_ever', '2028-01', '1'],
    ['drawdown_rate_30_amount', '2028-01', '0.366667'],
    ['drawdown_rate_30_amount', '2028-02', '0.033333'],
    // E1 has 2200 and E3 1100; from February on three have a third each; in May eleven have 5800, the smallest 100.
    ['balance_concentration_employer_hhi', '2028-01', '0.555556'],
    ['balance_concentration_employer_hhi', '2028-02', '0.333333'],
    ['balance_concentration_employer_top10', '2028-01', '1'],
    ['balance_concentration_employer_top10', '2028-05', '0.982759'],
  ])('%s of %s is %s', async (name, month, expected) => {
    const names = [
      ...[
        'lost_contact_rate',
        'promise_kept_rate',
        'line_utilization',
        'lines_in_force',
        'limit_in_force',
        'drawdown_rate_30',
      ],
      ...[
        'drawdown_rate_ever',
        'drawdown_rate_30_amount',
        'balance_concentration_employer_hhi',
        'balance_concentration_employer_top10',
      ],
    ];
    others ??= tables.table('', {
      names,
      from: '2028-01-01',
      to: '2028-05-31',
      filters: HAND,
      components: false,
      now: NOW,
    });
    const { rows } = await others;
    expect(rows.find(([period]) => period === `${month}-01`)?.[names.indexOf(name) + 1]).toBe(expected);
  });
  let others: Promise<DataTable> | undefined;

  const byMonth = new Map<string, Promise<DataTable>>();
  it.each(OPERATIONS)('%s of %s is %s', async (name, month, expected) => {
    const names = OPERATIONS.filter(([, own]) => own === month).map(([own]) => own);
    // Of the other lenders there is nothing in 2029.
    const days = { from: `${month}-01`, to: addDays(`${month}-28`, 14).replace(/-\d\d$/, '-01') };
    const asked = {
      names,
      ...days,
      to: addDays(days.to, -1),
      filters: month < '2029' ? HAND : [],
      components: false,
      now: NOW,
    };
    const table = byMonth.get(month) ?? tables.table('', asked);
    byMonth.set(month, table);
    expect((await table).rows[0]?.[names.indexOf(name) + 1]).toBe(expected);
  });

  it('profit is by the band of the score before the loan, with costs shared by balance', async () => {
    const { rows } = await tables.table('profit', {
      by: ['score_band'],
      from: '2028-09-01',
      to: '2028-09-30',
      filters: HAND,
      components: false,
    });
    // L01 earns 12. Of the 30,700 that the app's loans owe over the days of September (10,400 L01 and L02 each, 6,000 L09, 3,900 L16) it has 10,400: 10.16 of 30.
    expect(rows.map((row) => row.slice(1))).toEqual([
      ['A', '1.84'],
      [null, '-885.84'],
    ]);
  });

  it('promises and lost contacts wait for their last day', async () => {
    const march = {
      names: ['promise_kept_rate', 'lost_contact_rate'],
      from: '2028-03-01',
      to: '2028-03-31',
      components: false,
    };
    const at = async (local: string) => {
      const table = await tables.table('', { ...march, asOf: Date.parse(local) });
      return table.rows[0]
        ?.slice(1)
        .map((value, index) => value ?? table.nulls.find(({ column }) => column === march.names[index])?.reason);
    };
    // The last promise is for the third of April, the last case is 30 days old on the 28th.
    expect(await at('2028-04-03T23:59:59+02:00')).toEqual(['IMMATURE', 'IMMATURE']);
    expect(await at('2028-04-04T00:00:00+02:00')).toEqual(['0.5', 'IMMATURE']);
    expect(await at('2028-04-29T00:00:00+02:00')).toEqual(['0.5', '0.25']);
  });

  it('vintage and roll rates follow the loans to their end', async () => {
    const scope = { by: [], filters: HAND, rights: [], asOf: null, now: NOW };
    const vintage = await tables.indicators.vintage({
      ...scope,
      dpd: 30,
      basis: 'BALANCE',
      observed: 'CURRENT',
      cohortGrain: 'MONTH',
      fromCohort: '2028-01-01',
      toCohort: '2028-01-31',
      maxMob: 11,
    });
    // Of 8600: L09, L10 and L11 in March and April; L10 and L11 from May on, as they closed: written off at 900, sold at 128 days.
    const rates = vintage.rows.map((row) => row.at(-1));
    expect(rates).toEqual(['0', '0', '0.232558', '0.232558', ...Array.from({ length: 8 }, () => '0.162791')]);
    const rolls = await tables.indicators.rollRates({
      ...scope,
      from: '2028-05-01',
      to: '2028-05-31',
      basis: 'BALANCE',
    });
    expect(rolls.rows.filter(([, from]) => from === 'M3').map((row) => row.slice(2).join(' '))).toEqual([
      'C 2000 600 0.3',
      'M4 2000 1400 0.7',
    ]);
  });
});

describe('the oracle', () => {
  it('and the replay of the platform agree on every day of every loan', () => {
    const days = new LocalDays(new BusinessCalendar(ZONE));
    const instant = (at: string): number => Date.parse(at);
    const differences = [...LEDGER, ...generated].flatMap((story) => {
      const inputs = {
        disbursedAt: instant(story.disbursedAt),
        principal: story.principal,
        installments: story.schedules.flatMap(({ at, lines }) =>
          lines.map(({ no, due, principal, interest }) => ({
            no,
            effectiveAt: instant(at),
            dueDate: due,
            principal,
            interest,
            fee: 0,
          })),
        ),
        repayments: story.payments.map(({ at, no, principal, interest }) => ({
          installmentNo: no,
          paidAt: instant(at),
          principal,
          interest,
          fee: 0,
        })),
        events: story.events.map(({ type, at, amount }) => ({ type, occurredAt: instant(at), amount })),
      };
      const book = story.product === 'HAND' ? hand : small;
      const own = book.days.filter((day) => day.story === story);
      const through = Date.parse(story.product === 'HAND' ? YEAR : HALF) / 86_400_000;
      const replayed = [...loanDays(replayLoan(inputs, days, through))].map(
        (day) =>
          `${day.status} ${day.dpd} ${day.principalOutstanding} ${day.overduePrincipal} ${day.interestOverdue} ${day.restructured}`,
      );
      const told = own.map(
        (day) =>
          `${day.status} ${day.dpd} ${day.balance} ${day.overduePrincipal} ${day.overdueInterest} ${day.restructured}`,
      );
      const at = told.findIndex((line, index) => line !== replayed[index]);
      return at < 0 && told.length === replayed.length ? [] : [[story.loan, own[at]?.date, told[at], replayed[at]]];
    });
    expect(differences).toEqual([]);
  });

  const PERIODS: Readonly<Record<string, (date: string) => string>> = {
    WEEK: (date) => addDays(date, -((new Date(date).getUTCDay() + 6) % 7)),
    MONTH: (date) => `${date.slice(0, 7)}-01`,
    QUARTER: (date) => `2028-${String(Math.floor((Number(date.slice(5, 7)) - 1) / 3) * 3 + 1).padStart(2, '0')}-01`,
    TOTAL: () => '2028-01-01',
  };
  const band = (value: number, edges: readonly number[], unit = ''): string => {
    const at = edges.findIndex((edge) => value <= edge);
    const number = String((at < 0 ? edges.length : at) + 1).padStart(2, '0');
    return at < 0 ? `${number}: > ${edges.at(-1)}${unit}` : `${number}: <= ${edges[at]}${unit}`;
  };
  const DIMENSIONS: Readonly<Record<string, (story: Story) => string | null>> = {
    product: ({ product }) => product,
    channel: ({ channel }) => channel,
    province: ({ province }) => province,
    cohort_month: ({ disbursedAt }) => `${dayOf(disbursedAt).slice(0, 7)}-01`,
    amount_band: ({ principal }) => band(principal / 100, [1000, 3000, 5000, 10_000, 20_000, 50_000]),
    tenor_band: ({ months }) => band(months, [3, 6, 12, 24, 36], ' months'),
    rate_band: ({ rate }) => band(rate, [0.12, 0.18, 0.24, 0.36]),
  };

  /** Rows by period and group: of a stock those of the newest day, of a cumulative part all up to the period's end. */
  function cellsOf(
    { rows: { rows, stock }, cumulative }: Part,
    grain: string,
    by: readonly string[],
    periods: readonly string[],
  ) {
    const periodOf = PERIODS[grain] as (date: string) => string;
    const newest = new Map<string, string>();
    for (const { date } of rows) {
      const period = periodOf(date);
      if (date > (newest.get(period) ?? '')) newest.set(period, date);
    }
    const groups = new Map<Story, string>();
    const cells = new Map<string, Row[]>();
    for (const row of rows) {
      const own = periodOf(row.date);
      if (row.date > HALF || (stock && newest.get(own) !== row.date)) continue;
      const group = groups.get(row.story) ?? JSON.stringify(by.map((name) => DIMENSIONS[name]?.(row.story) ?? null));
      groups.set(row.story, group);
      for (const period of cumulative ? periods.filter((one) => one >= own) : [own]) {
        const cell = cells.get(`${period} ${group}`);
        if (cell) cell.push(row);
        else cells.set(`${period} ${group}`, [row]);
      }
    }
    return cells;
  }

  it.each<[IndicatorTableRequest['grain'], string[]]>([
    ['MONTH', ['product', 'channel']],
    ['QUARTER', ['province', 'amount_band', 'rate_band']],
    ['WEEK', ['tenor_band', 'cohort_month']],
  ])('and the reports agree on every indicator by %s and %j', async (grain, by) => {
    const names = Object.keys(small.indicators).filter((name) => grain !== 'WEEK' || name !== 'prepayment_rate');
    const others = [{ dimension: 'product', op: 'NE', values: ['HAND'] }] as const;
    const table = await tables.table('', {
      names,
      by,
      grain,
      from: '2028-01-01',
      to: HALF,
      filters: others,
      components: false,
      now: NOW,
    });
    const periods = [...new Set(table.rows.map(([period]) => period as string))];
    const reasons = byReason(table);
    const read = new Map<string, ReturnType<typeof cellsOf>>();
    const facts = [
      ...new Set(Object.values(small.indicators).flatMap(({ num, den }) => (den ? [num.rows, den.rows] : [num.rows]))),
    ];
    /** The number of a part of a cell; null where it has no row. */
    const numberIn = (part: Part, cell: string): Decimal | null => {
      const name = `${facts.indexOf(part.rows)} ${part.cumulative}`;
      const cells = read.get(name) ?? cellsOf(part, grain, by, periods);
      read.set(name, cells);
      const rows = cells.get(cell);
      return rows ? new Decimal(Number(part.measure(rows).toPrecision(15))) : null;
    };
    const differences = names.flatMap((name, index) => {
      const { num, den } = small.indicators[name] as Oracle;
      return table.rows.flatMap((row, at) => {
        const key = `${row[0]} ${JSON.stringify(row.slice(1, by.length + 1))}`;
        const [top, bottom] = [numberIn(num, key), den && numberIn(den, key)];
        const expected =
          !top || (den && !bottom)
            ? 'NO_DATA'
            : bottom?.isZero()
              ? 'ZERO_DENOMINATOR'
              : (bottom ? top.div(bottom).toDecimalPlaces(6, Decimal.ROUND_HALF_UP) : top).toFixed();
        const told = row[by.length + 1 + index] ?? reasons.get(`${at} ${name}`);
        return told === expected ? [] : [`${name} ${key}: ${String(told)}, not ${expected}`];
      });
    });
    expect(differences.slice(0, 20).join('\n')).toBe('');
    // A table without the groups would agree with anything.
    expect(new Set(table.rows.map((row) => row[1])).size).toBe(
      new Set(generated.map(DIMENSIONS[by[0] as string] as (story: Story) => unknown)).size,
    );
  });
});

describe('every lender reconciles', () => {
  const ENDS = ['2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30', '2028-05-31', '2028-06-30'];
  const number = (value: unknown): Decimal => new Decimal((value as string | null) ?? 0);
  const request = { from: '2028-01-01', to: HALF, components: false, now: NOW } as const;

  it('the opening, with what is disbursed, less what is paid, charged off and sold, is the closing, and the buckets add up to it', async () => {
    const moved = [
      'new_loan_amount',
      'principal_received',
      'recovered_amount',
      'waived_amount',
      'written_off_amount',
      'sold_amount',
    ];
    const { rows } = await tables.table('', { ...request, names: ['loan_balance', ...moved], by: ['product'] });
    const buckets = await tables.table('', { ...request, names: ['loan_balance'], by: ['product', 'bucket'] });
    const inBuckets = new Map<string, Decimal>();
    for (const [period, product, , balance] of buckets.rows) {
      const key = `${period} ${product}`;
      inBuckets.set(key, (inBuckets.get(key) ?? new Decimal(0)).plus(number(balance)));
    }
    const opening = new Map<unknown, Decimal>();
    const wrong = rows.flatMap(([period, product, ...values]) => {
      const [closing, disbursed, paid, recovered, waived, writtenOff, sold] = values.map(number) as [
        Decimal,
        ...Decimal[],
      ] as Decimal[];
      const minus = [paid, waived, writtenOff, sold].reduce<Decimal>(
        (all, one) => all.plus(one as Decimal),
        new Decimal(0),
      );
      const expected = (opening.get(product) ?? new Decimal(0))
        .plus(disbursed as Decimal)
        .minus(minus)
        .plus(recovered as Decimal);
      opening.set(product, closing as Decimal);
      const parts = inBuckets.get(`${period} ${product}`) ?? new Decimal(0);
      return product === 'HAND' || (expected.eq(closing as Decimal) && parts.eq(closing as Decimal))
        ? []
        : [[period, product, expected, closing, parts]];
    });
    expect(wrong).toEqual([]);
  });

  it('what leaves a bucket is its opening, and a vintage at a month end is the book of that day with what closed late', async () => {
    const scope = { by: ['product'], filters: [], rights: [], asOf: null, now: NOW };
    const openings = new Map<string, Decimal>();
    const buckets = await tables.table('', { ...request, names: ['loan_balance'], by: ['product', 'bucket'] });
    for (const [period, product, bucket, balance] of buckets.rows) {
      const next = ENDS[ENDS.findIndex((end) => end.startsWith((period as string).slice(0, 7))) + 1];
      if (next && balance !== null && balance !== '0')
        openings.set(`${next.slice(0, 7)}-01 ${product} ${bucket === 'M0' ? 'C' : bucket}`, number(balance));
    }
    const rolls = await tables.indicators.rollRates({ ...scope, from: '2028-02-01', to: HALF, basis: 'BALANCE' });
    const left = new Map<string, Decimal>();
    for (const [month, product, from, , , amount] of rolls.rows) {
      const key = `${month} ${product} ${from}`;
      left.set(key, (left.get(key) ?? new Decimal(0)).plus(number(amount)));
    }
    expect(Object.fromEntries([...left].sort())).toEqual(Object.fromEntries([...openings].sort()));

    const asked = {
      dpd: 30,
      observed: 'CURRENT',
      cohortGrain: 'MONTH',
      fromCohort: null,
      toCohort: null,
      maxMob: 5,
    } as const;
    for (const basis of ['BALANCE', 'COUNT'] as const) {
      const { rows } = await tables.indicators.vintage({ ...scope, ...asked, basis });
      const wrong = rows.flatMap(([cohort, product, mob, numerator]) => {
        const end = ENDS[ENDS.findIndex((one) => one.startsWith((cohort as string).slice(0, 7))) + (mob as number)];
        if (product === 'HAND' || !end) return [];
        const own = generated.filter(
          (story) => story.product === product && dayOf(story.disbursedAt).startsWith((cohort as string).slice(0, 7)),
        );
        const expected = vintageOf(small.days, own, end, 30);
        const value = basis === 'COUNT' ? expected.count : expected.balance / 100;
        return number(numerator).eq(value) ? [] : [[cohort, product, mob, numerator, value]];
      });
      expect(wrong).toEqual([]);
    }
  });
});

describe('loan-days are kept once more, day by day', () => {
  /** The reports with other settings in place of those that make the store read that copy. */
  const reading = (settings: string) =>
    createIndicators({
      catalogue: namedIn(tables.registry),
      query: {
        ...tables.clickhouse,
        select: ({ query, ...rest }) =>
          tables.clickhouse.select({ ...rest, query: query.replace(/optimize_use_projections = 1/, settings) }),
      },
      calendar: tables.calendar,
    });
  const ends = { filters: [], rights: [], now: NOW, from: '2028-01-01', to: HALF } as const;

  it('and reports read the copy, which says of every indicator, grain and day of knowledge what the table says, restated and deleted rows included', async () => {
    const rows = small.days.filter(({ date }) => date >= '2028-05-15').slice(0, 400);
    const version = ({ story, date, dpd }: (typeof rows)[number]) => ({
      loan_id: story.loan,
      customer_id: story.loan,
      as_of: date,
      product: story.product,
      channel: story.channel,
      status: 'OVERDUE',
      restructured: 0,
      dpd: dpd + 31,
      principal_outstanding: '77.00',
      overdue_principal: '7.00',
      disbursed_on: dayOf(story.disbursedAt),
      principal: '1000.00',
    });
    await tables.insert(
      'loan_snapshots',
      rows.map((row) => ({ ...version(row), ingested_at: '2028-12-01T00:00:00.000Z' })),
    );
    // All of a month end goes.
    const gone = [...small.days, ...hand.days].filter(({ date }) => date === '2028-04-30');
    await tables.insert(
      'loan_snapshots',
      gone.map((row) => ({ ...version(row), ingested_at: '2028-12-02T00:00:00.000Z', deleted: 1 })),
    );
    const stocks = [...tables.registry.indicators.values()].filter(({ numerator }) => numerator.rows.stock);
    expect(stocks.length).toBeGreaterThan(20);
    const plain = reading('optimize_use_projections = 0');
    const asked = { ...ends, components: true, compare: null, orderBy: null, limit: null } as const;
    const same = async (report: Pick<IndicatorTableRequest, 'names' | 'by' | 'grain' | 'from' | 'asOf'>) => {
      const [own, other] = [
        await tables.indicators.table({ ...asked, ...report }),
        await plain.table({ ...asked, ...report }),
      ];
      expect(own, JSON.stringify(report)).toEqual(other);
      expect(own.rows.flat().filter((value) => value !== null).length).toBeGreaterThan(report.names.length / 2);
    };
    const all = { by: [], grain: 'MONTH', from: ends.from, asOf: null } as const;
    await same({ ...all, names: stocks.filter(({ dimensions }) => 'product' in dimensions).map(({ id }) => id) });
    const names = ['loan_balance', 'customers_on_book', 'overdue_balance_rate_30@2', 'npl_ratio'];
    for (const grain of ['DAY', 'WEEK', 'QUARTER', 'TOTAL'] as const)
      await same({
        ...all,
        names,
        by: ['channel', 'province'],
        grain,
        from: grain === 'DAY' ? '2028-04-28' : ends.from,
      });
    for (const asOf of [null, Date.parse('2028-11-30T00:00:00Z'), Date.parse('2028-12-01T12:00:00Z')]) {
      await same({ ...all, names, by: ['channel'], asOf });
      const loans = { ...ends, by: ['channel'], basis: 'BALANCE', asOf } as const;
      const cohorts = {
        dpd: 30,
        observed: 'CURRENT',
        cohortGrain: 'MONTH',
        fromCohort: null,
        toCohort: null,
        maxMob: 5,
      } as const;
      expect(await tables.indicators.rollRates(loans)).toEqual(await plain.rollRates(loans));
      expect(await tables.indicators.vintage({ ...loans, ...cohorts })).toEqual(
        await plain.vintage({ ...loans, ...cohorts }),
      );
    }
    const forced = reading('optimize_use_projections = 1, force_optimize_projection = 1');
    const one = { ...asked, names: ['loan_balance'], by: [], grain: 'MONTH', asOf: null } as const;
    expect(await forced.table(one)).toEqual(await plain.table(one));
  });
});
