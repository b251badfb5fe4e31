import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatInstant, parseInstant } from '../../src/core/helpers/time.js';
import type { SourceColumn, SourceType } from '../../src/core/lending/sources.js';
import { instantMs, Problem, parserOf } from '../../src/sources/values.js';
import { TABLES } from '../support/tables.js';

const parse = (type: SourceType, value: unknown) => {
  const column: SourceColumn = {
    name: 'x',
    description: 'X',
    type,
    nullable: false,
    pii: false,
    key: false,
    required: true,
  };
  const stored = parserOf(column, TABLES.get('customers'))(value);
  return stored instanceof Problem ? { refused: stored.reason } : stored;
};
const refused = { refused: expect.any(String) };

describe('a decimal', () => {
  it.each([
    ['1', '1'],
    ['+007.50', '7.5'],
    ['-0.10', '-0.1'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['999999999999.99', '999999999999.99'],
    [0.1, '0.1'],
    [1e-2, '0.01'],
    [12n, '12'],
    ['1.230000', '1.23'],
  ])('%s is stored as %s', (value, stored) => expect(parse('Money', value)).toBe(stored));

  it.each([
    ['1.001'],
    ['1e3'],
    ['1,000'],
    [''],
    ['.'],
    ['-'],
    ['NaN'],
    ['10000000000000000'],
    ['1000000000000'],
    ['-1000000000000.00'],
    [10n ** 12n],
    [1e12],
    [0.1 + 0.2],
    [1e-9],
    [1e21],
    [Number.NaN],
    [true],
    [{}],
    [' 1'],
  ])('%s is refused', (value) => expect(parse('Money', value)).toEqual(refused));

  it('of a rate has three digits and six decimals', () => {
    expect(parse('Rate', '0.240000')).toBe('0.24');
    expect(parse('Rate', '999.999999')).toBe('999.999999');
    expect(parse('Rate', '0.2400001')).toEqual(refused);
    expect(parse('Rate', '1000')).toEqual(refused);
  });

  it('keeps the digits of any amount in cents', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 14n) + 1n, max: 10n ** 14n - 1n }), (cents) => {
        const digits = String(cents < 0n ? -cents : cents).padStart(3, '0');
        const text = `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
        const stored = parse('Money', text) as string;
        const [whole = '', fraction = ''] = stored.replace('-', '').split('.');
        expect(BigInt(whole + fraction.padEnd(2, '0')) * (stored.startsWith('-') ? -1n : 1n)).toBe(cents);
      }),
    );
  });
});

describe('an instant', () => {
  it('with any zone is the same as the one reading of the whole system (rule 3)', () => {
    const zone = fc.constantFrom('Z', '+08:00', '-03:30', '+0545', '+08');
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1971-01-01'), max: new Date('2290-01-01'), noInvalidDate: true }),
        zone,
        (date, offset) => {
          const text = formatInstant(date.getTime()).replace('Z', offset);
          expect(instantMs(text)).toBe(parseInstant(text));
        },
      ),
    );
  });

  it.each([
    ['2024-01-01T00:00:00'],
    ['2024-01-01'],
    ['2023-02-29T00:00:00Z'],
    ['2024-01-01T24:00:00Z'],
    ['2024-01-01T00:60:00Z'],
    ['1969-12-31T23:59:59Z'],
    ['2300-01-01T00:00:00Z'],
    [1704067200],
    ['now'],
    ['2024-13-01T00:00:00Z'],
    ['2024-00-10T00:00:00Z'],
    ['2024-01-01T00:00:00+99:99'],
    ['2024-01-01T00:00:00+8'],
  ])('%s is refused', (value) => expect(parse('Instant', value)).toEqual(refused));

  it('is cut to milliseconds', () => {
    expect(parse('Instant', '2024-02-29T08:00:00.123999999+08:00')).toBe('2024-02-29 00:00:00.123');
    expect(parse('Instant', '2024-02-29 08:00+08:00')).toBe('2024-02-29 00:00:00.000');
  });
});

describe('a date', () => {
  it('exists, and lies in the range of its column', () => {
    expect(parse('Date', '2024-02-29')).toBe('2024-02-29');
    for (const value of [
      '2023-02-29',
      '2024-02-30',
      '1900-02-29',
      '2024-04-31',
      '2024-1-1',
      '1969-12-31',
      '2149-06-07',
      '2024-01-01T00:00:00Z',
    ]) {
      expect(parse('Date', value), value).toEqual(refused);
    }
    expect(parse('Date32', '1950-05-17')).toBe('1950-05-17');
    for (const midnight of ['2024-02-29 00:00:00', '2024-02-29T00:00', '2024-02-29T00:00:00.000000']) {
      expect(parse('Date', midnight)).toBe('2024-02-29');
    }
    for (const time of ['2024-02-29 00:00:01', '2024-02-29T00:00:00+08:00']) {
      expect(parse('Date', time)).toEqual({ refused: "is a time and not a date: write the day, 'YYYY-MM-DD'" });
    }
    expect(parse('Date32', '1899-12-31')).toEqual(refused);
  });
});

describe('other values', () => {
  it('are whole numbers in range, also written with a zero fraction', () => {
    expect(parse('UInt16', '12.0')).toBe(12);
    expect(parse('Int8', -128n)).toBe(-128);
    for (const value of ['1.5', '-1', '65536', 1.5, true, '0x10', '1e2'])
      expect(parse('UInt16', value), String(value)).toEqual(refused);
  });

  it('are flags as 0 and 1 or as words', () => {
    expect([0, 1, '0', '1', true, false, 'true', 'False'].map((value) => parse('UInt8', value))).toEqual([
      0, 1, 0, 1, 1, 0, 1, 0,
    ]);
    for (const value of [2, 'yes', '']) expect(parse('UInt8', value)).toEqual(refused);
  });

  it('are finite numbers', () => {
    expect(parse('Float64', '-1.5e3')).toBe(-1500);
    for (const value of ['NaN', 'Infinity', '1e999', '0x1', '1_000', Number.POSITIVE_INFINITY])
      expect(parse('Float64', value), String(value)).toEqual(refused);
  });

  it('are numbers that a job can count with, and places on the globe', () => {
    expect(parse('Float64', '-1e18')).toBe(-1e18);
    expect(parse('Float64', 1.1e18)).toEqual({
      refused: 'is not between -1000000000000000000 and 1000000000000000000',
    });
    expect(parse('FloatMap', { score: 1e300 })).toEqual(refused);
    const table = TABLES.get('places');
    const place = (name: string, value: unknown) => {
      const column = table.columns.find((each) => each.name === name) as SourceColumn;
      return parserOf(column, table)(value);
    };
    expect(place('latitude', '-90')).toBe(-90);
    expect(place('longitude', 180)).toBe(180);
    expect(place('latitude', '95.5')).toEqual(new Problem('is not between -90 and 90'));
    expect(place('longitude', 500)).toEqual(new Problem('is not between -180 and 180'));
  });

  it.each([
    ['scores', 'probability', ['0', 1, 0.5], [7, '-0.1', '1.0000001'], '0 and 1'],
    ['loans', 'annual_rate', ['-1', 0.24, '99.999999'], ['100.000001', -2], '-1 and 100'],
    ['credit_lines', 'annual_rate', ['0.18'], ['365'], '-1 and 100'],
    ['loans', 'term_months', [0, '1200'], [1_201, '70000', -1], '0 and 1200'],
    ['applications', 'term_months', [12], [4_000], '0 and 1200'],
    ['installments', 'installment_no', [1, '65535'], [0, '65536'], '1 and 65535'],
    ['repayments', 'installment_no', ['1'], ['0'], '1 and 65535'],
    ['loan_snapshots', 'dpd', [0, '65535'], [-1, 65_536], '0 and 65535'],
  ] as const)('of %s.%s lie in its own range', (name, columnName, taken, refusals, range) => {
    const table = TABLES.get(name);
    const parser = parserOf(table.columns.find((each) => each.name === columnName) as SourceColumn, table);
    for (const value of taken) expect(parser(value), String(value)).not.toBeInstanceOf(Problem);
    for (const value of refusals) expect(parser(value), String(value)).toEqual(new Problem(`is not between ${range}`));
  });

  it('are texts, also of numbers that keep their digits', () => {
    expect(parse('String', 42)).toBe('42');
    expect(parse('String', 12345678901234567890n)).toBe('12345678901234567890');
    for (const value of [2 ** 60, '\ud800', 'a\ufffd', {}, ['a']]) expect(parse('String', value)).toEqual(refused);
  });

  it('never appear in the reason why they are refused', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<SourceType[]>('Money', 'Date', 'Instant', 'UInt8', 'Float64'),
        fc.stringMatching(/^[#$&]{6,12}$/),
        (type, value) => {
          expect((parse(type, value) as { refused: string }).refused).not.toContain(value);
        },
      ),
    );
  });
});
