import type { Bundle, Section } from './bundle.js';
import type { Frame } from './frame.js';
import type { LoanHistory } from './loan-history.js';
import { against, Ratio } from './ratio.js';
import type { MeasureValues } from './targets.js';

type Values = Pick<
  MeasureValues,
  | 'vintageEver1'
  | 'vintageEver3'
  | 'vintageEver6'
  | 'vintageEver12'
  | 'vintageNow3'
  | 'vintageNow6'
  | 'vintageNow12'
  | 'worstChannel'
  | 'badQuarter'
>;

const BAD_DAYS = 30;
const MOBS = [1, 3, 6, 12] as const;
/** Where channels and vintages are compared. */
const COMPARED_MOB = 6;
/** A channel or a quarter with fewer loans is an accident, not a difference. */
const ENOUGH_LOANS = 100;

/**
 * Loans by month of disbursement at the month ends after it (MOB 0 is the month of disbursement's own): those that were 30 days past due at any
 * month end so far, by count, and those that are, by balance with what was charged off. Cohorts that have not come to a MOB are not in it;
 * loans that are over stay.
 */
export class Vintages implements Section<Values> {
  private readonly ever = new Map(MOBS.map((mob) => [mob, new Ratio()]));
  private readonly now = new Map(MOBS.map((mob) => [mob, new Ratio()]));
  private readonly channels = new Map<string, Ratio>();
  private readonly quarters = new Map<number, { bad: number; loans: number }>();

  constructor(private readonly frame: Frame) {}

  add({ loans }: Bundle): void {
    for (const loan of loans) this.addLoan(loan);
  }

  values(): Values {
    const ever = (mob: (typeof MOBS)[number]) => this.ever.get(mob)?.value ?? null;
    const now = (mob: (typeof MOBS)[number]) => this.now.get(mob)?.value ?? null;
    return {
      vintageEver1: ever(1),
      vintageEver3: ever(3),
      vintageEver6: ever(6),
      vintageEver12: ever(12),
      vintageNow3: now(3),
      vintageNow6: now(6),
      vintageNow12: now(12),
      worstChannel: this.worstChannel(),
      badQuarter: this.badQuarter(),
    };
  }

  private addLoan(loan: LoanHistory): void {
    const cohort = this.frame.monthOf(loan.disbursedOn);
    if (cohort < 0) return;
    let bad = false;
    for (let mob = 0; mob <= 12; mob++) {
      // The first of them is the eve of the book.
      const state = loan.monthEnds[cohort + mob + 1];
      if (state === undefined) return;
      const overdue = state !== null && state.status !== 'SETTLED' && state.dpd >= BAD_DAYS;
      bad ||= overdue;
      this.ever.get(mob as 1)?.add(bad);
      this.now.get(mob as 1)?.addPart(overdue ? state.principalOutstanding : 0, loan.principal);
      if (mob === COMPARED_MOB) this.compare(loan, cohort, bad);
    }
  }

  private compare({ channel }: LoanHistory, cohort: number, bad: boolean): void {
    const ratio = this.channels.get(channel) ?? new Ratio();
    ratio.add(bad);
    this.channels.set(channel, ratio);
    const quarter = Math.floor(cohort / 3);
    const counts = this.quarters.get(quarter) ?? { bad: 0, loans: 0 };
    counts.bad += bad ? 1 : 0;
    counts.loans += 1;
    this.quarters.set(quarter, counts);
  }

  private worstChannel(): number | null {
    const shares = [...this.channels.values()].filter(({ of }) => of >= ENOUGH_LOANS).map(({ value }) => value ?? 0);
    return shares.length < 2 ? null : against(Math.max(...shares), Math.min(...shares));
  }

  /** The worst quarter above all others together. */
  private badQuarter(): number | null {
    const quarters = [...this.quarters.values()].filter(({ loans }) => loans >= ENOUGH_LOANS);
    const all = quarters.reduce((sum, { bad, loans }) => ({ bad: sum.bad + bad, loans: sum.loans + loans }), {
      bad: 0,
      loans: 0,
    });
    const excesses = quarters.map(({ bad, loans }) =>
      against(bad / loans, all.loans === loans ? null : (all.bad - bad) / (all.loans - loans)),
    );
    const worst = excesses.reduce<number>((most, excess) => Math.max(most, excess ?? 0), 0);
    return worst === 0 ? null : worst - 1;
  }
}
