import { type DayNumber, dayNumber } from '../../src/core/helpers/local-days.js';
import { type LoanDay, type LoanSpan, loanDayOf, replayLoan } from '../../src/core/lending/loan-ledger.js';
import type { CustomerRows, Row } from '../rows.js';
import { centsOf, instantOf, lastVersions, textOf } from './fields.js';
import type { Frame } from './frame.js';

/** One loan as its rows tell it, replayed by the rules of `loan_snapshots`. Money is in cents. */
export interface LoanHistory {
  readonly channel: string;
  readonly principal: number;
  readonly disbursedOn: DayNumber;
  /** The due dates of all its schedules, each once, oldest first. */
  readonly dues: readonly DayNumber[];
  readonly firstDue: DayNumber;
  readonly lastDue: DayNumber;
  readonly spans: readonly LoanSpan[];
  /**
   * At the end of the day before the book, then at each of its month ends; the closing row is carried forward. Null before the disbursement.
   */
  readonly monthEnds: readonly (LoanDay | null)[];
  readonly restructured: boolean;
  /** Paid out by a newer loan of the customer. */
  readonly refinanced: boolean;
  readonly writtenOffAt: number | null;
  readonly sold: boolean;
  readonly repayments: readonly Row[];
}

const NO_ROWS: readonly Row[] = [];

/** The loans of one customer as they are known in the end: the last version of every row. */
export function loanHistories(rows: CustomerRows, { days, endDay, months }: Frame): LoanHistory[] {
  if (!rows.loans?.length) return [];
  const of = (table: string, key: readonly string[]) => groupByLoan(lastVersions(rows[table] ?? NO_ROWS, key));
  const installments = of('installments', ['loan_id', 'installment_no', 'effective_at']);
  const repayments = of('repayments', ['repayment_id']);
  const events = of('loan_events', ['loan_id', 'event_type', 'occurred_at']);
  const loans = lastVersions(rows.loans, ['loan_id']);
  const refinanced = new Set(loans.map((loan) => textOf(loan, 'refinances_loan_id')));
  return loans.map((loan) => {
    const id = String(loan.loan_id);
    const plan = installments.get(id) ?? NO_ROWS;
    const paid = repayments.get(id) ?? NO_ROWS;
    const happened = events.get(id) ?? NO_ROWS;
    const disbursedAt = instantOf(loan, 'disbursed_at') as number;
    const principal = centsOf(loan, 'principal');
    const inputs = {
      disbursedAt,
      principal,
      installments: plan.map((row) => ({
        no: Number(row.installment_no),
        effectiveAt: instantOf(row, 'effective_at') as number,
        dueDate: String(row.due_date),
        principal: centsOf(row, 'principal_due'),
        interest: centsOf(row, 'interest_due'),
        fee: centsOf(row, 'fee_due'),
      })),
      repayments: paid.map((row) => ({
        installmentNo: (row.installment_no as number | undefined) ?? null,
        paidAt: instantOf(row, 'paid_at') as number,
        principal: centsOf(row, 'principal_paid'),
        interest: centsOf(row, 'interest_paid'),
        fee: centsOf(row, 'fee_paid'),
      })),
      events: happened.map((row) => ({
        type: row.event_type as 'RESTRUCTURED' | 'RATE_CHANGED' | 'WRITTEN_OFF' | 'SETTLED' | 'SOLD',
        occurredAt: instantOf(row, 'occurred_at') as number,
        amount: row.amount === undefined ? null : centsOf(row, 'amount'),
      })),
    };
    const spans = replayLoan(inputs, days, endDay);
    const eves = [(months[0]?.first ?? 0) - 1, ...months.map(({ last }) => last)];
    const dues = [...new Set(plan.map((row) => dayNumber(String(row.due_date))))].sort((one, other) => one - other);
    return {
      principal,
      channel: textOf(loan, 'channel') ?? '',
      disbursedOn: days.dayOf(disbursedAt),
      dues,
      firstDue: dues[0] ?? Number.POSITIVE_INFINITY,
      lastDue: dues.at(-1) ?? Number.NEGATIVE_INFINITY,
      spans,
      monthEnds: eves.map((day) => stateOn({ spans }, day)),
      restructured: inputs.events.some(({ type }) => type === 'RESTRUCTURED'),
      refinanced: refinanced.has(id),
      writtenOffAt: inputs.events.find(({ type }) => type === 'WRITTEN_OFF')?.occurredAt ?? null,
      sold: inputs.events.some(({ type }) => type === 'SOLD'),
      repayments: paid,
    };
  });
}

export const closed = ({ status }: { readonly status: LoanDay['status'] }): boolean =>
  status !== 'CURRENT' && status !== 'OVERDUE';

/** The state at a day's end, its closing row carried forward; null before the disbursement. */
export function stateOn({ spans }: Pick<LoanHistory, 'spans'>, day: DayNumber): LoanDay | null {
  const last = spans.at(-1);
  if (!last) return null;
  return loanDayOf(spans, closed(last) ? Math.min(day, last.to) : day);
}

function groupByLoan(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const id = String(row.loan_id);
    const group = groups.get(id);
    if (group) group.push(row);
    else groups.set(id, [row]);
  }
  return groups;
}
