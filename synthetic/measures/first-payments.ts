import type { DayNumber } from '../../src/core/helpers/local-days.js';
import { DAY } from '../../src/core/helpers/time.js';
import { isBankDay } from '../bank-days.js';
import type { Bundle, Section } from './bundle.js';
import type { Frame } from './frame.js';
import { closed, type LoanHistory, stateOn } from './loan-history.js';
import { against, Ratio } from './ratio.js';
import type { MeasureValues } from './targets.js';

type Values = Pick<
  MeasureValues,
  'fpd1' | 'fpd7' | 'fpd30' | 'paidWithin30' | 'festival' | 'noBank' | 'ringFpd30' | 'ringShareOfFpd30'
>;

/** The travel season of Spring Festival: from 15 days before it, for 40 days. */
const SEASON = { before: 15, after: 24 };
/** The last instalment is paid so many days ahead at most; a loan that is over earlier was settled, and its due is void. */
const EARLY_DAYS = 6;

/** The dues of a kind that were missed, against all others. */
class Compared {
  private readonly of = new Ratio();
  private readonly rest = new Ratio();

  add(isOf: boolean, missed: boolean): void {
    (isOf ? this.of : this.rest).add(missed);
  }

  /** How much larger the share is; null where it is unknown. */
  get above(): number | null {
    const ratio = against(this.of.value, this.rest.value);
    return ratio === null ? null : ratio - 1;
  }
}

/**
 * Dues that were missed. A loan reached FPDk when its first instalment was not paid at the end of day due + k; loans whose day due + k is
 * still to come are in neither part. A missed due is one at DPD 1 with nothing older unpaid, first instalment or not. Around Spring Festival
 * and on days without banks all of them are compared, since first instalments alone are too few.
 */
export class FirstPayments implements Section<Values> {
  private readonly fpd = { 1: new Ratio(), 7: new Ratio(), 30: new Ratio() };
  private readonly ringFpd30 = new Ratio();
  private readonly byRings = new Ratio();
  private readonly paidWithin30 = new Ratio();
  private readonly festivals = new SpringFestivals();
  private readonly festival = new Compared();
  private readonly noBank = new Compared();

  constructor(private readonly frame: Frame) {}

  add({ loans, ring }: Bundle): void {
    for (const loan of loans) {
      for (const days of [1, 7, 30] as const) {
        if (loan.firstDue + days > this.frame.endDay) continue;
        const reached = this.reached(loan, days);
        this.fpd[days].add(reached);
        if (days !== 30) continue;
        if (ring !== null) this.ringFpd30.add(reached);
        if (reached) this.byRings.add(ring !== null);
      }
      for (const { due, missed } of this.dues(loan)) {
        this.festival.add(this.festivals.near(due), missed);
        this.noBank.add(!isBankDay(due), missed);
      }
    }
  }

  values(): Values {
    return {
      fpd1: this.fpd[1].value,
      fpd7: this.fpd[7].value,
      fpd30: this.fpd[30].value,
      paidWithin30: this.paidWithin30.value,
      festival: this.festival.above,
      noBank: this.noBank.above,
      ringFpd30: this.ringFpd30.value,
      ringShareOfFpd30: this.byRings.value,
    };
  }

  /** While instalment 1 is unpaid it is the oldest, so that the loan's DPD is its own. */
  private reached(loan: LoanHistory, days: number): boolean {
    const state = stateOn(loan, loan.firstDue + days);
    return state !== null && state.status !== 'SETTLED' && state.dpd >= days;
  }

  /** The dues of which nothing older is unpaid, and whether they were missed. */
  private *dues(loan: LoanHistory): IterableIterator<{ readonly due: DayNumber; readonly missed: boolean }> {
    for (const due of loan.dues) {
      if (due + 1 > this.frame.endDay) break;
      const [earlier, before, after] = [stateOn(loan, due - EARLY_DAYS), stateOn(loan, due), stateOn(loan, due + 1)];
      // Over long before, or something older unpaid: this due is no new one to miss.
      if (!earlier || closed(earlier) || !before || before.dpd > 0 || !after) continue;
      const missed = after.dpd === 1;
      yield { due, missed };
      if (!missed || due + 30 > this.frame.endDay) continue;
      const later = stateOn(loan, due + 30);
      this.paidWithin30.add(later !== null && later.dpd < 30 && later.status !== 'WRITTEN_OFF');
    }
  }
}

/** The calendar's own word, not the generator's: whether a day is in the travel season around the first day of the lunar year. */
class SpringFestivals {
  private readonly calendar = new Intl.DateTimeFormat('en-u-ca-chinese', {
    timeZone: 'UTC',
    month: 'numeric',
    day: 'numeric',
  });
  private readonly known = new Map<DayNumber, boolean>();

  near(day: DayNumber): boolean {
    for (let other = day - SEASON.after; other <= day + SEASON.before; other++) if (this.isNewYear(other)) return true;
    return false;
  }

  /** Once a day: the calendar takes longer than the rest of a loan's measures. */
  private isNewYear(day: DayNumber): boolean {
    let known = this.known.get(day);
    if (known === undefined) {
      known = this.calendar.format(day * DAY) === '1/1';
      this.known.set(day, known);
    }
    return known;
  }
}
