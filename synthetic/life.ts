/** The true life of one customer of the book, from which every table is written. Money is in cents, times are instants or local days. */
import type { Instant, LocalDate } from '../src/core/helpers/time.js';
import type { Person } from './person.js';

export type Decision = 'APPROVED' | 'DECLINED' | 'PENDING' | 'CANCELLED' | 'EXPIRED';

/** The steps of a new customer in the app; a step never reached is null. Each follows the one before. */
export interface Journey {
  readonly openedAt: Instant;
  readonly registeredAt: Instant;
  readonly filledAt: Instant | null;
  readonly submittedAt: Instant | null;
}

export interface ApplicationLife {
  readonly id: string;
  readonly kind: 'CREDIT' | 'DRAWDOWN';
  readonly product: string;
  readonly channel: string;
  readonly appliedAt: Instant;
  readonly amount: number;
  readonly termMonths: number;
  readonly purpose: string;
  readonly lineId: string | null;
  readonly decision: Decision;
  readonly decisionPath: 'AUTO' | 'MANUAL' | null;
  readonly decidedAt: Instant | null;
  readonly approvedAmount: number | null;
  readonly declineReason: string | null;
  /** Null while no decision has been made. */
  readonly strategy: 'CHAMPION' | 'CHALLENGER' | null;
  /** The incumbent's score, high = safe. */
  readonly incumbentPoints: number;
  /** Rules in the order in which they ran; a rule after the first hit was not evaluated. */
  readonly rules: readonly { readonly rule: string; readonly evaluated: boolean; readonly hit: boolean }[];
}

export interface LineVersion {
  readonly lineId: string;
  readonly effectiveAt: Instant;
  readonly product: string;
  readonly applicationId: string | null;
  readonly limit: number;
  readonly annualRate: number;
  readonly status: 'ACTIVE' | 'FROZEN' | 'CLOSED';
  readonly reason: 'INITIAL' | 'INCREASE' | 'DECREASE' | 'FREEZE' | 'UNFREEZE' | null;
}

export interface Installment {
  readonly no: number;
  readonly effectiveAt: Instant;
  readonly dueDate: LocalDate;
  readonly principal: number;
  readonly interest: number;
  readonly fee: number;
}

export interface Repayment {
  readonly id: string;
  readonly installmentNo: number | null;
  readonly paidAt: Instant;
  readonly principal: number;
  readonly interest: number;
  readonly fee: number;
  readonly penalty: number;
  readonly method: 'SELF' | 'AUTO_DEBIT' | 'COLLECTION' | 'WAIVER' | 'REVERSAL';
  /** Known later than it happened; null: at once. */
  readonly ingestedAt: Instant | null;
}

export interface LoanEvent {
  readonly type: 'RESTRUCTURED' | 'RATE_CHANGED' | 'WRITTEN_OFF' | 'SETTLED' | 'SOLD';
  readonly occurredAt: Instant;
  readonly amount: number | null;
  readonly detail: string | null;
}

/** An instalment that was not paid by its due date; cleared at the end of that day, null: not by the end of the book. */
export interface Arrear {
  readonly dueDate: LocalDate;
  /** The first day at whose end it is past due: the day after the due date, or the day on which the bank returned its debit. */
  readonly since: LocalDate;
  readonly clearedOn: LocalDate | null;
}

export interface LoanLife {
  readonly id: string;
  readonly applicationId: string;
  readonly lineId: string;
  /** Set when it pays out an older loan (an extension by refinancing). */
  readonly refinancesLoanId: string | null;
  readonly product: string;
  readonly channel: string;
  readonly disbursedAt: Instant;
  readonly principal: number;
  readonly termMonths: number;
  readonly annualRate: number;
  readonly purpose: string;
  readonly installments: readonly Installment[];
  readonly repayments: readonly Repayment[];
  readonly events: readonly LoanEvent[];
  readonly arrears: readonly Arrear[];
}

export interface Life {
  readonly person: Person;
  readonly journey: Journey;
  /** Oldest first. */
  readonly applications: readonly ApplicationLife[];
  readonly lines: readonly LineVersion[];
  readonly loans: readonly LoanLife[];
  /**
   * The strain on the customer, by month of the book (the last is the running month): 0 an ordinary month, 2 a hard one. No table shows it;
   * it moves payments and borrowing, and what the customer does in the app.
   */
  readonly strain: readonly number[];
}
