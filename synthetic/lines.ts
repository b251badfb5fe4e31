import { HOUR, type Instant } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import type { DayNumber } from './book-days.js';
import type { ApplicationLife, LineVersion } from './life.js';
import type { LoanAccount } from './loan-account.js';
import type { Random } from './random.js';

/** Days past due from which a line is frozen. */
const FREEZE_DPD = 7;

/** A line and what the lender did with it; cents. */
export class CreditLine {
  limit: number;
  status: LineVersion['status'] = 'ACTIVE';
  readonly annualRate: number;
  readonly versions: LineVersion[] = [];

  constructor(
    private readonly book: Book,
    readonly id: string,
    readonly application: ApplicationLife,
    readonly openedAt: Instant,
  ) {
    this.limit = application.approvedAmount ?? 0;
    // Better scores pay less: 18 to 24 % a year.
    const steps = Math.max(0, Math.min(6, Math.round((application.incumbentPoints - 600) / 15)));
    this.annualRate = (24 - steps) / 100;
    this.version(openedAt, 'INITIAL');
  }

  used(loans: readonly LoanAccount[], day: DayNumber): number {
    let used = 0;
    for (const loan of loans) if (loan.terms.lineId === this.id) used += loan.owedOn(day);
    return used;
  }

  /** The lender's monthly look at the line: what shows of the customer moves it. */
  review(
    day: DayNumber,
    customer: { readonly dpd: number; readonly lost: boolean; readonly lateRecently: boolean; readonly strain: number },
    random: Random,
  ): void {
    if (this.status === 'CLOSED') return;
    const at = this.book.local.startOf(day) + 3 * HOUR;
    const draw = random.next();
    const factor = random.next();
    if (customer.lost) {
      this.status = 'CLOSED';
      this.version(at, null);
    } else if (this.status === 'FROZEN') {
      if (customer.dpd > 0 || draw > 0.6) return;
      this.status = 'ACTIVE';
      this.version(at, 'UNFREEZE');
    } else if (customer.dpd >= FREEZE_DPD) {
      this.status = 'FROZEN';
      this.version(at, 'FREEZE');
    } else if (draw < 0.005 * Math.exp(0.5 * customer.strain)) {
      this.limit = Math.max(100_000, Math.round((this.limit * (0.6 + 0.3 * factor)) / 100_000) * 100_000);
      this.version(at, 'DECREASE');
    } else if (!customer.lateRecently && draw > 0.965 && at - this.openedAt > 150 * 24 * HOUR) {
      this.limit = Math.round((this.limit * (1.1 + 0.3 * factor)) / 100_000 + 0.5) * 100_000;
      this.version(at, 'INCREASE');
    }
  }

  private version(effectiveAt: Instant, reason: LineVersion['reason']): void {
    if (effectiveAt > this.book.horizon) return;
    this.versions.push({
      lineId: this.id,
      effectiveAt,
      product: this.application.product,
      applicationId: this.application.id,
      limit: this.limit,
      annualRate: this.annualRate,
      status: this.status,
      reason,
    });
  }
}
