import { DAY, HOUR } from '../src/core/helpers/time.js';
import { applicationRows } from './application-rows.js';
import type { Book } from './book.js';
import { instantText } from './instants.js';
import { labelRows } from './labels.js';
import type { Life, LineVersion, LoanLife, Repayment } from './life.js';
import { type CustomerRows, knownAt, money, type Row } from './rows.js';
import { statementRows } from './statements.js';

/** Share of customers and of repayments that were entered wrong and corrected within two weeks. */
const RESTATED = 0.001;

/** Rows of the tables in which the loans of a customer are kept. */
export function lendingRows(book: Book, life: Life): CustomerRows {
  return {
    customers: personRows(book, life),
    ...applicationRows(book, life),
    credit_lines: life.lines.map((line) => lineRow(life, line)),
    loans: life.loans.map((loan) => loanRow(life, loan)),
    loan_events: life.loans.flatMap(eventRows),
    installments: life.loans.flatMap((loan) => installmentRows(life, loan)),
    repayments: life.loans.flatMap((loan) => repaymentRows(book, life, loan)),
    statements: statementRows(book, life),
    labels: labelRows(book, life),
  };
}

function personRows(book: Book, { person }: Life): Row[] {
  const random = book.random('restated person', person.index);
  const corrected = person.registeredAt + random.int(2 * 24, 40 * 24) * HOUR;
  if (!random.chance(RESTATED) || corrected > book.horizon) return [person.row];
  const mistaken = Math.round((person.monthlyIncome * random.uniform(1.3, 2)) / 100) * 100;
  return [
    { ...person.row, monthly_income: mistaken.toFixed(2) },
    { ...person.row, ...knownAt(corrected) },
  ];
}

const lineRow = ({ person }: Life, line: LineVersion): Row => ({
  line_id: line.lineId,
  effective_at: instantText(line.effectiveAt),
  customer_id: person.id,
  product: line.product,
  ...(line.applicationId ? { application_id: line.applicationId } : {}),
  limit_amount: money(line.limit),
  annual_rate: line.annualRate.toFixed(6),
  status: line.status,
  ...(line.reason ? { reason: line.reason } : {}),
});

const loanRow = ({ person }: Life, loan: LoanLife): Row => ({
  loan_id: loan.id,
  customer_id: person.id,
  application_id: loan.applicationId,
  line_id: loan.lineId,
  ...(loan.refinancesLoanId ? { refinances_loan_id: loan.refinancesLoanId } : {}),
  product: loan.product,
  channel: loan.channel,
  disbursed_at: instantText(loan.disbursedAt),
  principal: money(loan.principal),
  term_months: loan.termMonths,
  annual_rate: loan.annualRate.toFixed(6),
  purpose: loan.purpose,
  province: person.row.province,
});

const eventRows = (loan: LoanLife): Row[] =>
  loan.events.map(({ type, occurredAt, amount, detail }) => ({
    loan_id: loan.id,
    event_type: type,
    occurred_at: instantText(occurredAt),
    ...(amount === null ? {} : { amount: money(amount) }),
    ...(detail === null ? {} : { detail }),
  }));

const installmentRows = ({ person }: Life, loan: LoanLife): Row[] =>
  loan.installments.map(({ no, effectiveAt, dueDate, principal, interest, fee }) => ({
    loan_id: loan.id,
    installment_no: no,
    effective_at: instantText(effectiveAt),
    customer_id: person.id,
    due_date: dueDate,
    principal_due: money(principal),
    interest_due: money(interest),
    ...(fee === 0 ? {} : { fee_due: money(fee) }),
  }));

function repaymentRows(book: Book, { person }: Life, loan: LoanLife): Row[] {
  const random = book.random('restated payments', loan.id);
  return loan.repayments.flatMap((payment) => {
    const row = repaymentRow(person.id, loan, payment);
    const corrected = (payment.ingestedAt ?? payment.paidAt) + random.int(24, 12 * 24) * HOUR;
    const restated = random.chance(RESTATED) && payment.principal > 100 && corrected <= book.horizon - DAY;
    if (!restated) return [row];
    // Typed in with a part of the principal missing.
    const mistaken = { ...payment, principal: Math.round(payment.principal * 0.6) };
    return [repaymentRow(person.id, loan, mistaken), { ...row, ...knownAt(corrected) }];
  });
}

const repaymentRow = (customerId: string, loan: LoanLife, payment: Repayment): Row => ({
  repayment_id: payment.id,
  loan_id: loan.id,
  customer_id: customerId,
  ...(payment.installmentNo === null ? {} : { installment_no: payment.installmentNo }),
  paid_at: instantText(payment.paidAt),
  principal_paid: money(payment.principal),
  interest_paid: money(payment.interest),
  ...(payment.fee === 0 ? {} : { fee_paid: money(payment.fee) }),
  ...(payment.penalty === 0 ? {} : { penalty_paid: money(payment.penalty) }),
  method: payment.method,
  ...knownAt(payment.ingestedAt),
});
