import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSourceTables, type SourceTables, type TableRow } from '../../support/views.js';

const statement = (customer: string, month: string, more: TableRow = {}): TableRow => ({
  customer_id: customer,
  month,
  credit_limit: 1000,
  statement_balance: 0,
  amount_paid: 0,
  delinquency: 0,
  ...more,
});

describe('statement_history', () => {
  let tables: SourceTables;
  const of = async (customer: string, day: string) =>
    (await tables.view('statement_history@1', day)).find((row) => row.customer_id === customer);

  beforeAll(async () => {
    tables = await openSourceTables();
    await tables.insert('customers', [
      {
        customer_id: 'A',
        registered_at: '2004-01-01T00:00:00.000Z',
        birth_date: '1961-10-01',
        gender: 'female',
        education: 'university',
        marital_status: 'single',
      },
    ]);
    await tables.insert('statements', [
      statement('A', '2005-03-01', { statement_balance: 7 }),
      statement('A', '2005-04-01', { statement_balance: 100.25, amount_paid: 1, delinquency: -2 }),
      // May is missing.
      statement('A', '2005-06-01', { statement_balance: -12.5, amount_paid: 2, delinquency: -1 }),
      statement('A', '2005-07-01', { statement_balance: 300, delinquency: 1 }),
      statement('A', '2005-08-01', { statement_balance: 400, delinquency: 2 }),
      statement('A', '2005-09-01', { statement_balance: 1600, amount_paid: 3.1, delinquency: 3, credit_limit: 1000 }),
      statement('A', '2005-09-01', { product: 'B', statement_balance: -600, amount_paid: 4, credit_limit: 3000 }),
      statement('Z', '2005-09-01', { credit_limit: 0, statement_balance: 50 }),
    ]);
  });
  afterAll(() => tables.close());

  it('prints the last six complete months newest first, with NULL where a month has no statement', async () => {
    expect(await of('A', '2005-10-01')).toEqual({
      customer_id: 'A',
      credit_limit: '4000',
      utilization: 1600 / 4000,
      months_observed: 5,
      delinquency: [3, 2, 1, -1, null, -2],
      statement_balance: ['1000', '400', '300', '-12.5', null, '100.25'],
      amount_paid: ['7.1', '0', '0', '2', null, '1'],
      gender: 'female',
      education: 'university',
      marital_status: 'single',
      age: 43,
    });
  });

  it('moves with the calendar and ends when six months have no statement', async () => {
    expect(await of('A', '2006-02-28')).toMatchObject({ delinquency: [null, null, null, null, 3, 2], age: 44 });
    expect(await of('A', '2006-04-01')).toBeUndefined();
  });

  it('has no utilization without a limit above 0, and no person where none is registered', async () => {
    expect(await of('Z', '2005-10-01')).toMatchObject({
      utilization: null,
      credit_limit: '0',
      gender: null,
      age: null,
    });
  });
});
