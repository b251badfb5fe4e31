import { HOUR, MINUTE } from '../src/core/helpers/time.js';
import type { DayNumber } from './book-days.js';
import type { LoanAccount } from './loan-account.js';
import type { Random } from './random.js';

/** A loan is written off on the first day on which it is more than 180 days past due. */
export const WRITE_OFF_DPD = 181;
/** Monthly share of loans with one to three instalments overdue that are restructured on easier terms. */
const RESTRUCTURED = 0.046;
/** Written-off loans of which something comes back, and what share of the balance in the mean: together about a tenth. */
const RECOVERS = 0.85;
const RECOVERED_SHARE = 0.118;
const SOLD = 0.12;

/** Writes the loan off and plays what follows: payments in the two years after, or the sale of the debt. */
export function chargeOff(loan: LoanAccount, day: DayNumber, random: Random): void {
  loan.writeOff(day);
  const balance = loan.chargedOff ?? 0;
  const sold = random.chance(SOLD) ? day + random.int(150, 360) : null;
  if (random.chance(RECOVERS)) {
    let left = Math.round(balance * Math.min(1, RECOVERED_SHARE * random.uniform(0.3, 1.7)));
    const times = random.int(1, 5);
    let at = day;
    for (let time = 1; time <= times && left > 0; time++) {
      at += random.int(15, 70);
      if (sold !== null && at >= sold) break;
      const amount = time === times ? left : Math.min(left, Math.max(5_000, Math.round(left / (times - time + 1))));
      loan.recover(at, random.int(9, 20) * HOUR + random.int(0, 59) * MINUTE, amount);
      left -= amount;
    }
  }
  if (sold !== null) loan.sell(sold, Math.round(balance * random.uniform(0.02, 0.06)));
}

export type Relief = 'NONE' | 'RESCHEDULED' | 'REFINANCE';

/** Easier terms for an overdue loan; `REFINANCE` asks the caller for a new loan that pays this one out on the day. */
export function relieve(
  loan: LoanAccount,
  options: { readonly behind: number; readonly day: DayNumber; readonly random: Random },
): Relief {
  const { behind, day, random } = options;
  if (behind < 1 || behind > 3 || loan.rescheduled || !random.chance(RESTRUCTURED)) return 'NONE';
  if (random.chance(0.15)) return 'REFINANCE';
  const forgive = random.chance(0.2);
  loan.reschedule(day, {
    event: 'RESTRUCTURED',
    detail: forgive ? 'WAIVER' : 'EXTENSION',
    months: loan.unpaid.length + random.int(3, 6),
    annualRate: Math.max(0.12, loan.annualRate - (forgive ? 0.04 : 0)),
    forgive,
  });
  return 'RESCHEDULED';
}
