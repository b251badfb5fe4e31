/** Sums of money for on-demand features: decimals as text, exact until the last step. */
import { Decimal } from 'decimal.js';

/** Enough for the powers of a term of decades; a constructor of its own, so that no other code's settings reach in. */
const Exact = Decimal.clone({ precision: 40, rounding: Decimal.ROUND_HALF_UP });

const MONTHS_A_YEAR = 12;
/** The first amount that no DECIMAL holds. */
const TOO_LARGE = '1e32';

/** The sum of `amounts` divided by `over`; null where an amount is missing or `over` is not above 0. */
export function ratio(amounts: readonly (string | null)[], over: string | null): number | null {
  if (over === null) return null;
  const denominator = new Exact(over);
  if (!denominator.gt(0)) return null;
  let sum = new Exact(0);
  for (const amount of amounts) {
    if (amount === null) return null;
    sum = sum.plus(amount);
  }
  return sum.div(denominator).toNumber();
}

/**
 * The level instalment of an annuity, P r / (1 - (1 + r)^-n) with r the nominal rate a year over 12, P / n at r = 0; to the cent, half up.
 * Null where a part is missing, the term is under a month or the rate under 0, and for amounts that no DECIMAL holds.
 */
export function instalmentOf(loan: {
  readonly principal: string | null;
  readonly months: number | null;
  readonly annualRate: string | null;
}): string | null {
  const { principal, months, annualRate } = loan;
  if (principal === null || months === null || annualRate === null || months < 1) return null;
  const rate = new Exact(annualRate).div(MONTHS_A_YEAR);
  if (rate.lt(0)) return null;
  const owed = new Exact(principal);
  const each = rate.isZero()
    ? owed.div(months)
    : owed.times(rate).div(new Exact(1).minus(new Exact(1).plus(rate).pow(-months)));
  const paid = each.toDecimalPlaces(2);
  return paid.abs().lt(TOO_LARGE) ? paid.toFixed() : null;
}
