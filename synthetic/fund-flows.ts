import { DAY, MINUTE } from '../src/core/helpers/time.js';
import type { Book } from './book.js';
import { instantText } from './instants.js';
import type { Life, LoanLife } from './life.js';
import { money, type Row } from './rows.js';

/** Where money goes: counterparty, weight, and what a unit of risk (standard normal, high = bad) adds to the log of the weight. */
const COUNTERPARTIES: readonly (readonly [type: string, weight: number, risk: number])[] = [
  ['MERCHANT', 46, -0.15],
  ['TRANSFER_PERSONAL', 20, 0.05],
  ['CASH_WITHDRAWAL', 10, 0.25],
  ['OTHER_LENDER', 9, 0.35],
  ['EDUCATION', 5, -0.25],
  ['MEDICAL', 4, 0],
  ['SECURITIES', 2, -0.1],
  ['REAL_ESTATE', 1.5, -0.2],
  ['GAMBLING', 1, 0.6],
];
/** A ring takes the money out. */
const IN_RINGS: readonly (readonly [string, number])[] = [
  ['CASH_WITHDRAWAL', 55],
  ['TRANSFER_PERSONAL', 30],
  ['OTHER_LENDER', 5],
  ['MERCHANT', 10],
];
/** Flows are followed for so long after the disbursement. */
const FOLLOWED_DAYS = 14;

/** Rows of `fund_flows` of one customer: what became of the money, as far as the paying bank could follow it. */
export const fundFlowRows = (book: Book, life: Life): Row[] => life.loans.flatMap((loan) => flowsOf(book, life, loan));

function flowsOf(book: Book, life: Life, loan: LoanLife): Row[] {
  const { person } = life;
  const random = book.random('flows', loan.id);
  // What pays out an older loan goes nowhere else.
  if (loan.refinancesLoanId !== null) return [];
  const month = Math.max(0, Math.min(life.strain.length - 1, book.monthOf(book.local.dayOf(loan.disbursedAt))));
  const risk = -0.5 * person.willingness - 0.4 * person.ability + 0.4 * (life.strain[month] ?? 0);
  const choices = person.ring
    ? IN_RINGS
    : COUNTERPARTIES.map(([type, weight, by]) => [type, weight * Math.exp(by * risk)] as const);
  const rows: Row[] = [];
  let left = loan.principal;
  for (let flow = random.int(1, 4); flow > 0 && left > 10_000; flow--) {
    const share = flow === 1 ? random.uniform(0.5, 1) : random.uniform(0.15, 0.7);
    const amount = Math.round((left * share) / 100) * 100;
    const at = loan.disbursedAt + Math.round(random.next() ** 2 * FOLLOWED_DAYS * DAY) + random.int(1, 60) * MINUTE;
    if (at > book.horizon) continue;
    left -= amount;
    rows.push({
      flow_id: `${loan.id}-F${rows.length + 1}`,
      loan_id: loan.id,
      customer_id: person.id,
      occurred_at: instantText(at),
      amount: money(amount),
      counterparty_type: random.weighted(choices),
    });
  }
  return rows;
}
