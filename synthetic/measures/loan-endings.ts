import { DAY } from '../../src/core/helpers/time.js';
import type { Bundle, Section } from './bundle.js';
import { centsOf, instantOf } from './fields.js';
import type { Frame } from './frame.js';
import { closed, type LoanHistory, stateOn } from './loan-history.js';
import { Ratio } from './ratio.js';
import type { MeasureValues } from './targets.js';

type Values = Pick<MeasureValues, 'writtenOff' | 'writtenOffLate' | 'recovery' | 'restructured' | 'earlySettlement'>;

const WRITE_OFF_DPD = 180;
/** A loan may wait for the month's write-off run. */
const PATIENCE_DAYS = 31;
const RECOVERY_DAYS = 365;
/** Settled early is settled at least so long before the last due date, seen from the month's first day. */
const EARLY_DAYS = 61;

/** How loans end: written off and what is recovered of it, restructured, settled early. */
export class LoanEndings implements Section<Values> {
  private readonly writtenOff = new Ratio();
  private readonly writtenOffLate = new Ratio();
  private readonly recovery = new Ratio();
  private readonly restructured = new Ratio();
  private readonly early = new Ratio();

  constructor(private readonly frame: Frame) {}

  add({ loans }: Bundle): void {
    for (const loan of loans) {
      this.restructured.add(loan.restructured);
      this.addWriteOff(loan);
      this.addMonths(loan);
    }
  }

  values(): Values {
    return {
      writtenOff: this.writtenOff.value,
      writtenOffLate: this.writtenOffLate.value,
      recovery: this.recovery.value,
      restructured: this.restructured.value,
      earlySettlement: this.early.value,
    };
  }

  private addWriteOff(loan: LoanHistory): void {
    const last = stateOn(loan, this.frame.endDay);
    if (loan.writtenOffAt === null) {
      const waits = last !== null && !closed(last) && last.dpd > WRITE_OFF_DPD + PATIENCE_DAYS;
      if (waits) this.writtenOff.add(false);
      return;
    }
    this.writtenOff.add(true);
    if (last?.status !== 'WRITTEN_OFF') return;
    this.writtenOffLate.add(last.dpd > WRITE_OFF_DPD);
    if (!loan.sold && loan.writtenOffAt + RECOVERY_DAYS * DAY <= this.frame.horizon) {
      this.recovery.addPart(recovered(loan, loan.writtenOffAt), last.principalOutstanding);
    }
  }

  /** Each month that a loan begins open, with its last due date still far away. */
  private addMonths(loan: LoanHistory): void {
    for (const [month, { first }] of this.frame.months.entries()) {
      if (loan.disbursedOn >= first || loan.lastDue <= first + EARLY_DAYS) continue;
      const [before, after] = [loan.monthEnds[month], loan.monthEnds[month + 1]];
      if (!before || !after || closed(before)) continue;
      this.early.add(after.status === 'SETTLED' && !loan.refinanced && !loan.restructured);
    }
  }
}

/** Cash of the year after a write-off; a waiver is none. */
function recovered({ repayments }: LoanHistory, writtenOffAt: number): number {
  let cents = 0;
  for (const row of repayments) {
    const paidAt = instantOf(row, 'paid_at') as number;
    if (paidAt <= writtenOffAt || paidAt > writtenOffAt + RECOVERY_DAYS * DAY || row.method === 'WAIVER') continue;
    cents += centsOf(row, 'principal_paid') + centsOf(row, 'interest_paid');
    cents += centsOf(row, 'fee_paid') + centsOf(row, 'penalty_paid');
  }
  return cents;
}
