import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cumulative, funnelOf, spreadOf, sql, totalOf } from '../../src/core/definitions/define.js';
import { factOf, indicatorOf } from '../support/indicators.js';
import { type BookTables, openIndicators } from './support.js';

let tables: BookTables;

const customers = ['C1', 'C2', 'C3', 'C4', 'C5'];
/** Disbursed on the local days below, in Shanghai. */
const loan = (loan_id: string, customer_id: string, day: string, principal: number, more: object = {}) => ({
  loan_id,
  customer_id,
  product: 'CASH',
  channel: 'APP',
  province: 'Henan',
  disbursed_at: `${day}T04:00:00.000Z`,
  principal,
  term_months: 12,
  annual_rate: 0.24,
  ...more,
});
const day = (loan_id: string, as_of: string, dpd: number, balance: number, more: object = {}) => {
  const { customer_id, principal, disbursed_at, product, channel } = LOANS.find(
    (one) => one.loan_id === loan_id,
  ) as (typeof LOANS)[0];
  return {
    loan_id,
    as_of,
    customer_id,
    product,
    channel,
    status: dpd > 0 ? 'OVERDUE' : 'CURRENT',
    restructured: 0,
    dpd,
    principal_outstanding: balance,
    overdue_principal: dpd > 0 ? 100 : 0,
    disbursed_on: disbursed_at.slice(0, 10),
    principal,
    ...more,
  };
};
const LOANS = [
  loan('L1', 'C1', '2026-01-05', 1000),
  loan('L2', 'C2', '2026-01-20', 2000, { province: 'Hunan' }),
  loan('L3', 'C1', '2026-02-10', 3000, { channel: 'PARTNER', annual_rate: 0.12, term_months: 6 }),
  loan('L4', 'C3', '2026-03-01', 4000, { province: null, refinances_loan_id: 'L1' }),
  loan('B1', 'C4', '2027-01-10', 500),
  loan('S1', 'C5', '2027-12-01', 600),
  loan('S2', 'C5', '2028-03-10', 700),
];
const due = (loan_id: string, installment_no: number, due_date: string) => ({
  loan_id,
  installment_no,
  customer_id: LOANS.find((one) => one.loan_id === loan_id)?.customer_id,
  effective_at: LOANS.find((one) => one.loan_id === loan_id)?.disbursed_at,
  due_date,
  principal_due: 100,
  interest_due: 10,
});
const paid = (repayment_id: string, loan_id: string, paid_at: string, principal_paid: number, method: string) => ({
  repayment_id,
  loan_id,
  customer_id: LOANS.find((one) => one.loan_id === loan_id)?.customer_id,
  installment_no: 1,
  paid_at,
  principal_paid,
  interest_paid: 10,
  method,
});

beforeAll(async () => {
  tables = await openIndicators('Asia/Shanghai');
  await tables.insert(
    'customers',
    customers.map((customer_id) => ({ customer_id, registered_at: '2025-01-01T00:00:00.000Z' })),
  );
  await tables.insert('loans', LOANS);
  await tables.insert('loan_snapshots', [
    day('L1', '2026-01-31', 0, 1000),
    day('L2', '2026-01-31', 0, 2000),
    day('L1', '2026-02-28', 0, 900),
    day('L2', '2026-02-28', 8, 2000),
    day('L3', '2026-02-28', 0, 3000),
    // The newest day of March so far: L1 is settled, L2 is at 39 days.
    day('L1', '2026-03-31', 0, 0, { status: 'SETTLED' }),
    day('L2', '2026-03-31', 39, 2000),
    day('L3', '2026-03-31', 0, 2500),
    day('L4', '2026-03-31', 0, 4000),
    // Of first instalments the day after the due date, and 30 days after; of second ones the day after.
    day('L1', '2026-02-06', 0, 900),
    day('L2', '2026-02-21', 1, 2000),
    day('L1', '2026-03-06', 0, 900),
    day('L1', '2026-03-07', 0, 900),
    day('L3', '2026-03-11', 0, 3000),
    day('L2', '2026-03-21', 29, 2000),
    day('L2', '2026-03-22', 30, 2000),
    day('L4', '2026-04-02', 1, 4000),
    // Due once, half a year after the disbursement, and never paid.
    day('B1', '2027-07-11', 1, 500),
    day('B1', '2027-08-09', 30, 500),
    // Settled on the day on which another loan is taken, and written off.
    day('S1', '2028-03-10', 0, 0, { status: 'SETTLED' }),
    day('S2', '2028-03-10', 0, 700),
    day('S2', '2028-05-31', 200, 650, { status: 'WRITTEN_OFF' }),
  ]);
  await tables.insert('installments', [
    due('L1', 1, '2026-02-05'),
    due('L1', 2, '2026-03-05'),
    due('L2', 1, '2026-02-20'),
    due('L2', 2, '2026-03-20'),
    due('L3', 1, '2026-03-10'),
    due('L4', 1, '2026-04-01'),
    due('B1', 1, '2027-07-10'),
  ]);
  await tables.insert('repayments', [
    paid('R1', 'L1', '2026-02-05T02:00:00.000Z', 100, 'AUTO_DEBIT'),
    paid('R2', 'L1', '2026-03-05T02:00:00.000Z', 900, 'SELF'),
    paid('R3', 'L1', '2026-03-06T02:00:00.000Z', -100, 'REVERSAL'),
    paid('R4', 'L2', '2026-03-07T02:00:00.000Z', 50, 'WAIVER'),
  ]);
  const decided = (application_id: string, kind: string, decision: string, decided_at: string) => ({
    application_id,
    customer_id: 'C5',
    kind,
    product: 'CASH',
    applied_at: decided_at,
    amount: 100,
    term_months: 12,
    decision,
    decided_at,
  });
  await tables.insert('applications', [
    decided('A1', 'LOAN', 'APPROVED', '2028-01-03T04:00:00.000Z'),
    decided('A2', 'LOAN', 'DECLINED', '2028-01-20T04:00:00.000Z'),
    decided('A3', 'DRAWDOWN', 'APPROVED', '2028-02-01T04:00:00.000Z'),
  ]);
  await tables.insert('provisions', [
    { as_of: '2026-02-28', product: 'CASH', kind: 'GENERAL', amount: 118 },
    { as_of: '2026-03-31', product: 'CASH', kind: 'GENERAL', amount: 170 },
  ]);
});
afterAll(() => tables.close());

/** Numerators, denominators and values by month, January to March. */
const months = async (name: string, more: Parameters<BookTables['table']>[1] = {}) => {
  const { rows, nulls } = await tables.table(name, more);
  return rows.map(
    (row, index) => nulls.find((one) => one.row === index && one.column === name)?.reason ?? row.slice(1).join(' '),
  );
};

describe('indicators over facts', () => {
  it.each([
    // 1000 + 2000; 900 + 2000 + 3000; 2000 + 2500 + 4000: the settled loan is in none.
    ['loan_balance', ['3000 3000 ', '5900 5900 ', '8500 8500 ']],
    ['loans_on_book', ['2 2 ', '3 3 ', '3 3 ']],
    // C1 has two loans in February.
    ['customers_on_book', ['2 2 ', '2 2 ', '3 3 ']],
    ['overdue_balance_rate_1', ['0 0 3000', '0.338983 2000 5900', '0.235294 2000 8500']],
    ['overdue_heads_rate_30', ['0 0 2', '0 0 2', '0.333333 1 3']],
    // Over all that was disbursed up to the month's end: 3000, 6000, 10000.
    ['overdue_disbursed_rate_1', ['0 0 3000', '0.333333 2000 6000', '0.2 2000 10000']],
    ['cumulative_loan_amount', ['3000 3000 ', '6000 6000 ', '10000 10000 ']],
    // Provisions of two facts' own newest days; January has none.
    ['loan_provision_ratio', ['NO_DATA', '0.02 118 5900', '0.02 170 8500']],
    ['provision_coverage', ['NO_DATA', 'ZERO_DENOMINATOR', 'ZERO_DENOMINATOR']],
    // 1000 + 2000 are first loans, L3 is C1's second.
    ['first_loan_share', ['1 2 2', '0 0 1', '1 1 1']],
    ['average_loan_rate', ['0.24 720 3000', '0.12 360 3000', '0.24 960 4000']],
    ['average_loan_term', ['12 36000 3000', '6 18000 3000', '12 48000 4000']],
    ['refinancing_share', ['0 0 3000', '0 0 3000', '1 4000 4000']],
    // 110, then 910 - 90: a reversal takes cash back, a waiver is none; shares are of what came in.
    ['cash_received', ['NO_DATA', '110 110 ', '820 820 ']],
    ['auto_debit_share', ['NO_DATA', '1 110 110', '0 0 910']],
    ['reversal_rate', ['NO_DATA', '0 0 110', '0.098901 90 910']],
    // Shares of Henan and Hunan: (1/3)^2 + (2/3)^2; then 3900 and 2000; then 2500, 2000 and 4000 without a province.
    [
      'balance_concentration_channel_hhi',
      ['1 9000000 9000000', '0.500144 17410000 34810000', '0.584775 42250000 72250000'],
    ],
    ['balance_concentration_province_top3', ['1 3000 3000', '1 5900 5900', '1 8500 8500']],
    // Sorted 1000, 2000: (2 (1000 + 4000) - 3 x 3000) / (2 x 3000).
    ['balance_inequality_province', ['0.166667 1000 6000', '0.161017 1900 11800', '0.156863 4000 25500']],
  ])('%s has the values derived by hand', async (name, expected) => {
    expect(await months(name)).toEqual(expected);
  });

  it('a first payment is missed where the instalment is not paid at the end of its day, and a month is immature until its last loan is due for so long', async () => {
    // January: L2 of L1 and L2; both were due for 30 days on the 22nd of March.
    const asOf = Date.parse('2026-03-23T00:00:00+08:00');
    expect(await months('fpd30', { asOf })).toEqual(['0.5 1 2', 'IMMATURE', 'IMMATURE']);
    // A day earlier the 22nd is not over, and by province Henan waits for Hunan.
    const before = { asOf: asOf - 1 };
    expect(await months('fpd30', before)).toEqual(['IMMATURE', 'IMMATURE', 'IMMATURE']);
    const { nulls } = await tables.table('fpd30', { ...before, by: ['province'], to: '2026-01-31' });
    expect(nulls.filter(({ column, reason }) => column === 'fpd30' && reason === 'IMMATURE')).toHaveLength(2);
    // What is filtered out holds nothing up.
    const henan = [{ dimension: 'province', op: 'EQ', values: ['Henan'] }] as const;
    expect(await months('fpd30', { ...before, filters: henan, to: '2026-01-31' })).toEqual(['0 0 1']);
    // No snapshot of any loan is of the day seven days after L1's due date.
    expect(await months('fpd7', { asOf, to: '2026-01-31' })).toEqual(['INCOMPLETE']);
    // A quarter waits for its last month: L4 is due on the first of April.
    expect(await months('fpd1', { grain: 'QUARTER', asOf: Date.parse('2026-04-02T12:00:00Z') })).toEqual(['IMMATURE']);
    expect(await months('fpd1', { grain: 'QUARTER', asOf: Date.parse('2026-04-03T12:00:00Z') })).toEqual(['0.5 2 4']);
    expect(await months('fpd30', { from: '2027-01-01', to: '2027-01-31' })).toEqual(['1 1 1']);
    // L2's second instalment is no second payment default: its first was missed before.
    expect(await months('spd1', { to: '2026-01-31' })).toEqual(['0 0 2']);
  });

  it('customers, closings and decisions count once, as the field counts them', async () => {
    const in2028 = async (name: string, month: string) =>
      months(name, { from: `2028-${month}-01`, to: `2028-${month}-28` });
    // The last decision of January is the decline; February has drawdowns alone.
    expect(await in2028('approval_rate_heads', '01')).toEqual(['0 0 1']);
    expect(await in2028('approval_rate', '01')).toEqual(['0.5 1 2']);
    expect(await in2028('median_decision_minutes', '02')).toEqual(['NO_DATA']);
    // A loan that is taken on the day of the settlement is a re-loan, and does not keep a customer from having settled.
    expect(await in2028('reloan_rate_7d', '03')).toEqual(['1 1 1']);
    expect(await in2028('retention_90d', '03')).toEqual(['0 0 1']);
    expect(
      await months('reloan_rate_7d', {
        from: '2028-03-01',
        to: '2028-03-31',
        asOf: Date.parse('2028-03-15T00:00:00Z'),
      }),
    ).toEqual(['IMMATURE']);
    expect(await months('written_off_amount', { from: '2028-05-01', to: '2028-05-31' })).toEqual(['650 650 ']);
    expect(await months('settled_loans', { from: '2028-03-01', to: '2028-03-31' })).toEqual(['1 1 ']);
    // Nothing is added up for months that have not begun.
    const ahead = { from: '2026-02-01', to: '2026-03-31', asOf: Date.parse('2026-02-20T00:00:00Z') };
    expect(await months('cumulative_loan_amount', ahead)).toEqual(['6000 6000 ', 'NO_DATA']);
    await expect(months('operating_cost', { from: '2026-01-15' })).rejects.toThrow('has rows by month');
  });

  it('one table reads indicators of several facts by what they share, and refuses what one lacks with the nearest name', async () => {
    const by = {
      names: ['loan_balance', 'loan_provision_ratio', 'overdue_disbursed_rate_1'],
      by: ['product'],
      to: '2026-02-28',
      components: false,
    };
    const { rows, columns } = await tables.table('', by);
    expect(columns.map(({ name }) => name)).toEqual(['period', 'product', ...by.names]);
    expect(rows).toEqual([
      ['2026-01-01', 'CASH', '3000', null, '0'],
      ['2026-02-01', 'CASH', '5900', '0.02', '0.333333'],
    ]);
    await expect(tables.table('loan_balance', { by: ['provinse'] })).rejects.toMatchObject({
      hint: expect.stringContaining("did you mean 'province'?"),
    });
    await expect(tables.table('', { ...by, by: ['province'] })).rejects.toThrow("'province' is not a dimension");
  });

  it('bands, buckets and months on book are dimensions of every indicator of the loans', async () => {
    const march = { from: '2026-03-01', components: false } as const;
    const of = async (by: string) =>
      (await tables.table('loan_balance', { ...march, by: [by] })).rows.map((row) => row.slice(1).join(' '));
    expect(await of('bucket')).toEqual(['M0 6500', 'M2 2000']);
    expect(await of('mob')).toEqual(['0 4000', '1 2500', '2 2000']);
    expect(await of('amount_band')).toEqual(['01: <= 1000 0', '02: <= 3000 4500', '03: <= 5000 4000']);
    expect(await of('cohort_month')).toEqual(['2026-01-01 2000', '2026-02-01 2500', '2026-03-01 4000']);
    expect(await of('tenor_band')).toEqual(['02: <= 6 months 2500', '03: <= 12 months 6000']);
  });
});

describe('a definition that cannot be computed is refused with what to do', () => {
  const loans = factOf('loans@1', {
    description: 'Loans.',
    owner: 'test',
    grain: 'one loan',
    stock: false,
    finestGrain: 'DAY',
    from: ({ source }) => sql`SELECT toDate(disbursed_at) AS date, product, principal FROM ${source('loans')}`,
    dimensions: { product: { expression: 'product', description: 'Product' } },
    measures: {
      amount: { expression: 'sum(principal)', description: 'Principal', unit: 'CNY' },
      largest: { expression: 'max(principal)', description: 'The largest', unit: 'CNY' },
    },
  });
  const words = { domain: 'test', description: 'A test.', owner: 'test', unit: 'CNY' };

  it.each([
    [totalOf('loans:amount'), "'loans:amount' is not a measure; write fact@version:measure"],
    [totalOf('loans@2:amount'), "'loans@2:amount': there is no fact loans@2"],
    [totalOf('loans@1:amuont'), 'loans@1 has no measure amuont; it has amount, largest'],
    [totalOf(cumulative('loans@1:largest')), 'cannot be cumulated: it is no sum or count of a flow'],
    [
      spreadOf('loans@1:amount', { across: 'city', statistic: 'HHI' }),
      "it is spread across 'city', which is none of product",
    ],
    [
      spreadOf('loans@1:largest', { across: 'product', statistic: 'GINI' }),
      'the spread of a measure that is no sum or count means nothing',
    ],
    [
      spreadOf('loans@1:amount', { across: 'product', statistic: { top: 0 } }),
      '{ top: 0 } is not a number of values from 1',
    ],
    [funnelOf('steps@1', ['OPEN', 'SUBMIT']), 'there is no fact steps@1; write fact@version'],
    [funnelOf('loans@1', ['OPEN']), 'a funnel has two steps or more'],
    [funnelOf('loans@1', ['OPEN', 'SUBMIT', 'OPEN']), "step 'OPEN' stands twice; name each once"],
  ])('%j', (value, problem) => {
    expect(() => indicatorOf('tried', { ...words, value }, [loans])).toThrow(problem);
  });
});
