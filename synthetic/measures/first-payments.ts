import type { DayNumber } from '../../src/core/helpers/local-days.js';
import { DAY } from '../../src/core/helpers/time.js';
import type { Bundle, Section } from './bundle.js';
import type { Frame } from './frame.js';
import { closed, type LoanHistory, stateOn } from './loan-history.js';
import { against, Ratio } from './ratio.js';
import type { MeasureValues } from './targets.js';

type Values = Pick<
  MeasureValues,
  'fpd1' | 'fpd7' | 'fpd30' | 'paidWithin30' | 'festival' | 'ringFpd30' | 'ringShareOfFpd30'
>;

const FESTIVAL_DAYS = 7;
/** The last instalment is paid so many days ahead at most; a loan that is over earlier was settled, and its due is void. */
const EARLY_DAYS = 6;

/**
 * Dues that were missed. A loan reached FPDk when its first instalment was not paid at the end of day due + k; loans whose day due + k is
 * still to come are in neither part. A missed due is one at DPD 1 with nothing older unpaid, first instalment or not; around Spring Festival
 * all of them are compared, since first instalments alone are too few.
 */
export class FirstPayments implements Section<Values> {
  private readonly fpd = { 1: new Ratio(), 7: new Ratio(), 30: new Ratio() };
  private readonly ringFpd30 = new Ratio();
  private readonly byRings = new Ratio();
  private readonly paidWithin30 = new Ratio();
  private readonly festivals = new SpringFestivals();
  private readonly missed = { festival: new Ratio(), rest: new Ratio() };

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
      this.addDues(loan);
    }
  }

  values(): Values {
    const ratio = against(this.missed.festival.value, this.missed.rest.value);
    return {
      fpd1: this.fpd[1].value,
      fpd7: this.fpd[7].value,
      fpd30: this.fpd[30].value,
      paidWithin30: this.paidWithin30.value,
      festival: ratio === null ? null : ratio - 1,
      ringFpd30: this.ringFpd30.value,
      ringShareOfFpd30: this.byRings.value,
    };
  }

  /** While instalment 1 is unpaid it is the oldest, so that the loan's DPD is its own. */
  private reached(loan: LoanHistory, days: number): boolean {
    const state = stateOn(loan, loan.firstDue + days);
    return state !== null && state.status !== 'SETTLED' && state.dpd >= days;
  }

  private addDues(loan: LoanHistory): void {
    for (const due of loan.dues) {
      if (due + 1 > this.frame.endDay) break;
      const [earlier, before, after] = [stateOn(loan, due - EARLY_DAYS), stateOn(loan, due), stateOn(loan, due + 1)];
      // Over long before, or something older unpaid: this due is no new one to miss.
      if (!earlier || closed(earlier) || !before || before.dpd > 0 || !after) continue;
      const missed = after.dpd === 1;
      (this.festivals.near(due) ? this.missed.festival : this.missed.rest).add(missed);
      if (!missed || due + 30 > this.frame.endDay) continue;
      const later = stateOn(loan, due + 30);
      this.paidWithin30.add(later !== null && later.dpd < 30 && later.status !== 'WRITTEN_OFF');
    }
  }
}

/** The calendar's own word, not the generator's: whether the first day of the lunar year is at most a week away. */
class SpringFestivals {
  private readonly calendar = new Intl.DateTimeFormat('en-u-ca-chinese', {
    timeZone: 'UTC',
    month: 'numeric',
    day: 'numeric',
  });
  private readonly known = new Map<DayNumber, boolean>();

  near(day: DayNumber): boolean {
    for (let other = day - FESTIVAL_DAYS + 1; other <= day + FESTIVAL_DAYS; other++)
      if (this.isNewYear(other)) return true;
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
