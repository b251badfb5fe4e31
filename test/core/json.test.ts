import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { losesDigits, lostDigits, readJson } from '../../src/core/json.js';

describe('JSON as it is read', () => {
  it('is the same as ever where doubles and one name each say it all', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value);
        const read = readJson(text);
        expect(read).toEqual({ value: JSON.parse(text) as unknown });
      }),
    );
  });

  it.each([
    ['9007199254740993', '9007199254740993'],
    ['[12.50]', ['12.50']],
    ['{"id":1001.0,"n":1001}', { id: '1001.0', n: 1001 }],
    ['1e3', 1000],
    ['[1e-7, 0.1]', [1e-7, 0.1]],
    ['"10.0"', '10.0'],
  ])('%s keeps the digits that are written', (text, value) => expect(readJson(text)).toEqual({ value }));

  it.each([
    ['{"a":1,"b":2,"a":3}', { problem: 'gives a name twice', field: 'a', within: false }],
    ['{"a":{"x":1,"x":1}}', { problem: 'gives a name twice', field: 'a', within: true }],
    ['{"a":[{"x":1},{"x":1}],"\\u0061":1}', { problem: 'gives a name twice', field: 'a', within: false }],
    ['{"a":NaN}', { problem: expect.stringContaining('NaN'), field: null, within: false }],
    ['{"a":1', { problem: 'is not JSON', field: null, within: false }],
    ['{"a":nothing} NaN', { problem: expect.any(String), field: null, within: false }],
  ])('%s is a problem', (text, problem) => expect(readJson(text)).toEqual(problem));

  it('may hold texts that look like names', () => {
    const value = { a: '"a":1', b: '{"a":1,"a":2}', c: ['\\":'] };
    expect(readJson(JSON.stringify(value))).toEqual({ value });
  });
});

describe('a whole number that JSON readers round', () => {
  it('is found at its place, and every number that comes back as it was written is none', () => {
    const text = '{"variables":{"spine":{"n":[1,9007199254740992],"m":[{"x":9007199254740993}]}}}';
    expect(lostDigits(text)).toBe('variables.spine.m[0].x');
    expect(lostDigits('{"a":"9007199254740993"}')).toBeNull();
    expect(lostDigits('{"a":9007199254740993')).toBeNull();
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(lostDigits(JSON.stringify([number]))).toBeNull();
      }),
    );
    expect([losesDigits('-9007199254740993'), losesDigits('9007199254740993.0'), losesDigits('123')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
