import type { LoanDay } from '../../src/core/lending/loan-ledger.js';
import type { Bundle, Section } from './bundle.js';
import { closed, type LoanHistory } from './loan-history.js';
import { Ratio } from './ratio.js';
import type { MeasureValues } from './targets.js';

type Values = Pick<
  MeasureValues,
  | 'balanceM1'
  | 'balanceM2'
  | 'balanceM3'
  | 'balanceM4to6'
  | 'overdue1'
  | 'overdue30'
  | 'overdue90'
  | 'rollC'
  | 'rollM1'
  | 'rollM2'
  | 'rollM3'
  | 'rollM4'
  | 'cureM1'
  | 'cureM2'
  | 'cureM3'
  | 'cureM4'
>;

/** Balances are those of so many newest month ends together: one alone is at the mercy of its weekday. */
const NEWEST_MONTHS = 6;

/** 0 current, 1 is M1 (1 to 30 days), and so on. */
const bucketOf = (dpd: number): number => Math.ceil(dpd / 30);

class Flow {
  readonly worse = new Ratio();
  readonly cured = new Ratio();
}

/**
 * The book at its month ends. A bucket's balance is all unpaid principal of its loans. Roll and cure: the balance that a bucket opened a
 * month with, by where its loans closed it (a later bucket or charged off; current or paid up); loans sold in the month are left out.
 */
export class MonthEnds implements Section<Values> {
  private readonly shares = Array.from({ length: 8 }, () => new Ratio());
  private readonly overdue = { 1: new Ratio(), 30: new Ratio(), 90: new Ratio() };
  /** Flows by opening bucket: C, M1, M2, M3, M4+. */
  private readonly flows = Array.from({ length: 5 }, () => new Flow());

  add({ loans }: Bundle): void {
    for (const loan of loans) this.addLoan(loan);
  }

  values(): Values {
    const share = (bucket: number) => this.shares[bucket]?.value ?? null;
    const flow = (bucket: number) => this.flows[bucket] as Flow;
    return {
      balanceM1: share(1),
      balanceM2: share(2),
      balanceM3: share(3),
      balanceM4to6: share(4),
      overdue1: this.overdue[1].value,
      overdue30: this.overdue[30].value,
      overdue90: this.overdue[90].value,
      rollC: flow(0).worse.value,
      rollM1: flow(1).worse.value,
      rollM2: flow(2).worse.value,
      rollM3: flow(3).worse.value,
      rollM4: flow(4).worse.value,
      cureM1: flow(1).cured.value,
      cureM2: flow(2).cured.value,
      cureM3: flow(3).cured.value,
      cureM4: flow(4).cured.value,
    };
  }

  private addLoan(loan: LoanHistory): void {
    const { monthEnds } = loan;
    for (let month = 1; month < monthEnds.length; month++) {
      const [opening, closing] = [monthEnds[month - 1], monthEnds[month]];
      if (opening && closing && !closed(opening)) this.addFlow(opening, closing);
      if (!closing) continue;
      if (closed(closing)) return;
      if (month >= monthEnds.length - NEWEST_MONTHS) this.addBalance(closing);
    }
  }

  private addBalance({ dpd, principalOutstanding: balance }: LoanDay): void {
    const bucket = Math.min(bucketOf(dpd), 7);
    for (let other = 0; other < this.shares.length; other++)
      this.shares[other]?.add(other === bucket || (other === 4 && (bucket === 5 || bucket === 6)), balance);
    for (const days of [1, 30, 90] as const) this.overdue[days].add(dpd >= days, balance);
  }

  private addFlow(opening: LoanDay, closing: LoanDay): void {
    if (closing.status === 'SOLD') return;
    const bucket = bucketOf(opening.dpd);
    const flow = this.flows[Math.min(bucket, 4)] as Flow;
    const settled = closing.status === 'SETTLED';
    const worse = closing.status === 'WRITTEN_OFF' || (!settled && bucketOf(closing.dpd) > bucket);
    flow.worse.add(worse, opening.principalOutstanding);
    flow.cured.add(settled || (!worse && closing.dpd === 0), opening.principalOutstanding);
  }
}
