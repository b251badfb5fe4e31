import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instalmentOf, ratio } from '../../../src/core/helpers/money.js';

describe('an instalment', () => {
  it.each([
    // 12,000 at 24 % over a year, as any loan calculator has it.
    ['12000', 12, '0.24', '1134.72'],
    ['12000.50', 10, '0', '1200.05'],
    ['500', 3, '0', '166.67'],
    ['100', 1, '0.12', '101'],
  ])('of %s over %i months at %s is %s', (principal, months, annualRate, expected) => {
    expect(instalmentOf({ principal, months, annualRate })).toBe(expected);
  });

  it('pays the loan off: what is left after the last one is cents of rounding', () => {
    const loans = fc.record({
      principal: fc.integer({ min: 100, max: 1_000_000 }).map(String),
      months: fc.integer({ min: 1, max: 60 }),
      annualRate: fc.integer({ min: 0, max: 480 }).map((thousandths) => (thousandths / 1000).toFixed(3)),
    });
    fc.assert(
      fc.property(loans, (loan) => {
        let owed = new Decimal(loan.principal);
        const rate = new Decimal(loan.annualRate).div(12);
        for (let month = 0; month < loan.months; month++)
          owed = owed.times(rate.plus(1)).minus(instalmentOf(loan) ?? 0);
        const rounding = new Decimal('0.005').times(loan.months).times(rate.plus(1).pow(loan.months));
        expect(owed.abs().lte(rounding.plus('1e-9'))).toBe(true);
      }),
    );
  });

  it.each([
    [null, 12, '0.24'],
    ['1', null, '0.24'],
    ['1', 12, null],
    ['1', 0, '0.24'],
    ['1', 12, '-0.01'],
    ['99999999999999999999999999999999', 12, '99'],
    ['-99999999999999999999999999999999', 12, '99'],
  ])('of %s, %s, %s is none', (principal, months, annualRate) => {
    expect(instalmentOf({ principal, months, annualRate })).toBeNull();
  });
});

describe('a ratio', () => {
  it('adds decimals exactly', () => {
    expect(ratio(['0.1', '0.2'], '0.3')).toBe(1);
  });

  it.each([
    [['1'], null],
    [['1'], '0'],
    [['1'], '-5'],
    [['1', null], '5'],
  ])('of %j over %s is none', (amounts, over) => {
    expect(ratio(amounts, over)).toBeNull();
  });
});
