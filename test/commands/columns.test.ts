import { expect, it } from 'vitest';
import { keyColumns, requestColumns } from '../../src/commands/columns.js';

it('reads keys as texts, whatever they look like', () => {
  expect(keyColumns(['customer_id=1,C2', 'device_id=a=b,'])).toEqual({
    customer_id: ['1', 'C2'],
    device_id: ['a=b', ''],
  });
});

it('reads request inputs as what they are, and a quoted number as a text', () => {
  expect(
    requestColumns([
      'amount=5000.50,null,-1e3',
      'datum=WGS84,"12"',
      'flag=true,yes',
      'id=007,1-2',
      'exact=12345678901234.567891',
    ]),
  ).toEqual({
    amount: [5000.5, null, -1000],
    datum: ['WGS84', '12'],
    flag: [true, 'yes'],
    id: ['007', '1-2'],
    exact: ['12345678901234.567891'],
  });
});

it('refuses what is no column, saying how to write one', () => {
  expect(() => keyColumns(['C1'])).toThrow("'C1' is no column");
});
