/** The ledger and the generated books in one store. */
import { type BookTables, openIndicators } from '../support.js';
import { generatedBooks } from './generate.js';
import { LEDGER } from './ledger.js';
import { bookOf } from './measures.js';
import { insertOperations } from './operations.js';
import { localDays, type Story } from './story.js';

export const ZONE = 'Europe/Berlin';
export const dayOf = localDays(ZONE);
/** The last day of the generated books, and of the ledger. */
export const [HALF, YEAR] = ['2028-06-30', '2028-12-31'];
export const generated = generatedBooks(100, HALF);
export const [small, hand] = [bookOf(generated, HALF, ZONE), bookOf(LEDGER, YEAR, ZONE)];

/** The tables of all lenders, their days as the oracle tells them. */
export async function openLenders(): Promise<BookTables> {
  const tables = await openIndicators(ZONE);
  const stories = [...LEDGER, ...generated];
  const money = (cents: number): string => (cents / 100).toFixed(2);
  const of = ({ loan, customer }: Story) => ({ loan_id: loan, customer_id: customer });
  const on = ({ line }: Story) => ({ line_id: line ?? null });
  await tables.insert(
    'loans',
    stories.map((story) => ({
      ...of(story),
      ...on(story),
      product: story.product,
      channel: story.channel,
      province: story.province,
      disbursed_at: story.disbursedAt,
      principal: money(story.principal),
      term_months: story.months,
      annual_rate: story.rate,
    })),
  );
  await tables.insert(
    'installments',
    stories.flatMap((story) =>
      story.schedules.flatMap(({ at, lines }) =>
        lines.map(({ no, due, principal, interest }) => ({
          ...of(story),
          installment_no: no,
          effective_at: at,
          due_date: due,
          principal_due: money(principal),
          interest_due: money(interest),
        })),
      ),
    ),
  );
  await tables.insert(
    'repayments',
    stories.flatMap((story) =>
      story.payments.map(({ at, no, principal, interest, method }, index) => ({
        ...of(story),
        repayment_id: `${story.loan}-${index}`,
        installment_no: no,
        paid_at: at,
        principal_paid: money(principal),
        interest_paid: money(interest),
        method,
      })),
    ),
  );
  await tables.insert(
    'loan_events',
    stories.flatMap((story) =>
      story.events.map(({ type, at, amount }) => ({
        loan_id: story.loan,
        event_type: type,
        occurred_at: at,
        amount: amount === null ? null : money(amount),
      })),
    ),
  );
  await tables.insert(
    'loan_snapshots',
    [...hand.days, ...small.days].map(({ story, date, ...day }) => ({
      ...of(story),
      ...on(story),
      as_of: date,
      product: story.product,
      channel: story.channel,
      status: day.status,
      restructured: day.restructured ? 1 : 0,
      dpd: day.dpd,
      principal_outstanding: money(day.balance),
      overdue_principal: money(day.overduePrincipal),
      interest_overdue: money(day.overdueInterest),
      disbursed_on: dayOf(story.disbursedAt),
      principal: money(story.principal),
    })),
  );
  await insertOthers(tables);
  await insertOperations(tables);
  return tables;
}

/** Collections, credit lines and employers beside the ledger. */
async function insertOthers(tables: BookTables): Promise<void> {
  const action = (
    action_id: string,
    loan: string,
    day: string,
    result: string,
    promised?: [on: string, amount: string],
  ) => ({
    action_id,
    loan_id: loan,
    customer_id: loan.replace('L', 'C'),
    acted_at: `${day}T08:00:00.000Z`,
    action: 'CALL',
    party: 'CONTACT',
    result,
    ...(promised && { promised_on: promised[0], promised_amount: promised[1] }),
  });
  await tables.insert('collections', [
    // A contact is reached 19 days after the first call; the borrower 36 days after it, which is too late.
    action('A1', 'L10', '2028-03-01', 'NOT_REACHED'),
    action('A2', 'L10', '2028-03-20', 'REACHED'),
    action('A3', 'L11', '2028-03-05', 'NOT_REACHED'),
    action('A4', 'L11', '2028-04-10', 'REACHED'),
    // L12 pays its 104 on the promised day, L09 nothing.
    action('A5', 'L12', '2028-03-29', 'PROMISE', ['2028-04-03', '104.00']),
    action('A6', 'L09', '2028-03-25', 'PROMISE', ['2028-03-31', '210.00']),
  ]);
  const line = (
    line_id: string,
    customer_id: string,
    effective_at: string,
    limit_amount: number,
    status = 'ACTIVE',
  ) => ({
    line_id,
    customer_id,
    effective_at,
    product: 'HAND',
    limit_amount,
    status,
  });
  await tables.insert('credit_lines', [
    line('K1', 'C01', '2028-01-10T09:00:00.000Z', 1000),
    line('K2', 'C02', '2028-01-12T09:00:00.000Z', 2000),
    line('K2', 'C02', '2028-02-15T09:00:00.000Z', 2000, 'FROZEN'),
    line('K3', 'C03', '2028-02-01T09:00:00.000Z', 3000),
    // The first of April in Berlin.
    line('K3', 'C03', '2028-03-31T22:30:00.000Z', 1500),
  ]);
  const employed = (customer_id: string, identifier: string, day: string) => ({
    customer_id,
    identifier_type: 'EMPLOYER',
    identifier,
    seen_at: `${day}T09:00:00.000Z`,
  });
  await tables.insert('identifier_links', [
    employed('C01', 'E1', '2028-01-01'),
    employed('C02', 'E1', '2028-01-01'),
    employed('C02', 'E2', '2028-02-10'),
    employed('C03', 'E3', '2028-01-01'),
    ...['C04', 'C05', 'C06', 'C07', 'C09', 'C10', 'C11', 'C16'].map((one) => employed(one, `F${one}`, '2028-05-01')),
  ]);
}
