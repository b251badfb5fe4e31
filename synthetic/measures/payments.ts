import type { DayNumber } from '../../src/core/helpers/local-days.js';
import { dateOfDay } from '../../src/core/helpers/local-days.js';
import { bankDayAfter, isBankDay } from '../bank-days.js';
import type { Row } from '../rows.js';
import type { Bundle, Section } from './bundle.js';
import { instantOf } from './fields.js';
import type { Frame } from './frame.js';
import { type LoanHistory, stateOn } from './loan-history.js';
import { against, Ratio } from './ratio.js';
import type { MeasureValues } from './targets.js';

type Values = Pick<MeasureValues, 'handOnBankDays' | 'handOnPaydays' | 'returnLag' | 'returnOpen' | 'returnRisk'>;

/** Days of the month on which most employers pay. */
const PAYDAYS: readonly string[] = ['10', '15'];
/** A bank returns a debit by so many bank days after it. */
const RETURN_DAYS = 3;
/** Whether a returned debit is still unpaid is asked so many days after its day. */
const OPEN_DAYS = 15;
const BAD_DAYS = 30;

/** When customers pay, and what becomes of debits that the bank returns. */
export class Payments implements Section<Values> {
  private readonly bankDays = new DayKinds(isBankDay);
  private readonly paydays = new DayKinds((day) => PAYDAYS.includes(dateOfDay(day).slice(8)));
  private readonly lag = new Ratio();
  private readonly open = new Ratio();
  private readonly bad = { returned: new Ratio(), others: new Ratio() };

  constructor(private readonly frame: Frame) {
    for (let day = frame.firstDay; day <= frame.endDay; day++) {
      this.bankDays.addDay(day);
      this.paydays.addDay(day);
    }
  }

  add({ loans }: Bundle): void {
    for (const loan of loans) {
      let returnedOn: DayNumber | null = null;
      for (const payment of loan.repayments) {
        const day = this.dayOf(payment);
        if (payment.method === 'SELF') {
          this.bankDays.add(day);
          this.paydays.add(day);
        }
        if (payment.method !== 'REVERSAL') continue;
        returnedOn = Math.min(day, returnedOn ?? day);
        this.addReturn(loan, payment, day);
      }
      this.bad[returnedOn === null ? 'others' : 'returned'].add(isBad(loan, returnedOn ?? 0));
    }
  }

  values(): Values {
    return {
      handOnBankDays: this.bankDays.ratio,
      handOnPaydays: this.paydays.ratio,
      returnLag: this.lag.value,
      returnOpen: this.open.value,
      returnRisk: against(this.bad.returned.value, this.bad.others.value),
    };
  }

  private addReturn(loan: LoanHistory, reversal: Row, day: DayNumber): void {
    const debit = loan.repayments.findLast(
      (each) =>
        each.method === 'AUTO_DEBIT' && each.installment_no === reversal.installment_no && this.dayOf(each) <= day,
    );
    const debited = debit ? this.dayOf(debit) : day;
    this.lag.add(day > debited && isBankDay(day) && day <= bankDayAfter(debited, RETURN_DAYS));
    if (debited + OPEN_DAYS <= this.frame.endDay) this.open.add((stateOn(loan, debited + OPEN_DAYS)?.dpd ?? 0) > 0);
  }

  private dayOf(payment: Row): DayNumber {
    return this.frame.days.dayOf(instantOf(payment, 'paid_at') as number);
  }
}

/** What happens on days of a kind, a day, against all other days. */
class DayKinds {
  private readonly kinds = { of: { days: 0, count: 0 }, other: { days: 0, count: 0 } };

  constructor(private readonly isOf: (day: DayNumber) => boolean) {}

  addDay(day: DayNumber): void {
    this.kind(day).days++;
  }

  add(day: DayNumber): void {
    this.kind(day).count++;
  }

  get ratio(): number | null {
    const { of, other } = this.kinds;
    return of.days === 0 || other.days === 0 ? null : against(of.count / of.days, other.count / other.days);
  }

  private kind(day: DayNumber) {
    return this.isOf(day) ? this.kinds.of : this.kinds.other;
  }
}

/** Whether the loan is 30 days past due at the end of some day from a day on. */
const isBad = ({ spans }: LoanHistory, from: DayNumber): boolean =>
  spans.some(({ to, oldestDue }) => to >= from && oldestDue !== null && to - oldestDue >= BAD_DAYS);
