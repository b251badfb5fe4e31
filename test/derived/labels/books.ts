/** A small book of loan-days that is restated, and its way into ClickHouse. */
import type { BusinessCalendar, Instant } from '../../../src/core/helpers/time.js';
import type { ClickHouse } from '../../../src/warehouse/client.js';
import { insertRows } from '../../support/insert-rows.js';
import {
  type Application,
  type Book,
  type Day,
  dayOf,
  type Loan,
  type LoanDay,
  monthsOn,
  type Status,
  text,
  type Version,
} from './oracle.js';

const MINUTE = 60_000;

export interface BookOptions {
  readonly calendar: BusinessCalendar;
  readonly customers: number;
  /** A number from 0 to below 1, the next of a sequence. */
  readonly random: () => number;
  readonly from: string;
  /** The last loan-day. */
  readonly through: string;
}

const ENDS: readonly Status[] = ['SETTLED', 'WRITTEN_OFF', 'SOLD'];
/** Days after month ends, leap days and changes of the clock among them. */
const EDGES = ['2024-01-31', '2024-02-29', '2024-03-10', '2024-03-31', '2024-04-30'];

export function bookOf({ calendar, customers, random, from, through }: BookOptions): Book {
  const below = (most: number): number => Math.floor(random() * most);
  const chance = (share: number): boolean => random() < share;
  const [first, last] = [dayOf(from), dayOf(through)];
  const loans: Loan[] = [];
  const applications: Application[] = [];
  const days: Version<LoanDay>[] = [];
  const writtenOff: { loan: string; at: Instant; ingestedAt: Instant }[] = [];
  const noon = (day: Day): Instant => calendar.startOfDay(text(day)) + 12 * 60 * MINUTE + below(600) * MINUTE;
  for (let person = 0; person < customers; person++) {
    const customer = `C${person}`;
    for (let index = 0; index <= below(3); index++) {
      const id = `L${person}-${index}`;
      const begins = chance(0.4) ? dayOf(EDGES[below(EDGES.length)] as string) : first + below(120);
      const disbursedAt = chance(0.1) ? calendar.startOfDay(text(begins)) : noon(begins) - 11 * 60 * MINUTE;
      const application = chance(0.7) ? `A${person}-${index}` : null;
      if (application) {
        applications.push({
          id: application,
          customer,
          kind: chance(0.7) ? 'LOAN' : 'DRAWDOWN',
          appliedAt: disbursedAt - (1 + below(3_000)) * MINUTE,
        });
      }
      loans.push({ id, customer, application, disbursedAt, firstDue: monthsOn(begins, 1) });
      let dpd = 0;
      for (let day = begins; day <= last; day++) {
        const isEnd = day > begins + 20 && chance(0.012);
        dpd = dpd > 0 ? (chance(0.06) ? 0 : dpd + 1) : chance(0.03) ? 1 : 0;
        const end = ENDS[below(ENDS.length)] as Status;
        const status: Status = isEnd ? end : dpd > 0 ? 'OVERDUE' : 'CURRENT';
        const row = { loan: id, day, status, dpd: isEnd ? 0 : dpd };
        const ingestedAt = calendar.startOfDay(text(day + 1)) + 30 * MINUTE;
        days.push({ ingestedAt, deleted: false, row });
        if (chance(0.02)) {
          const late = ingestedAt + (1 + below(90)) * 24 * 60 * MINUTE;
          const other: LoanDay = chance(0.5)
            ? { ...row, status: 'CURRENT', dpd: 0 }
            : { ...row, status: 'OVERDUE', dpd: 1 + below(40) };
          days.push({ ingestedAt: late, deleted: chance(0.2), row: other });
        }
        if (isEnd) {
          const at = noon(day);
          if (status === 'WRITTEN_OFF') writtenOff.push({ loan: id, at, ingestedAt });
          break;
        }
      }
    }
  }
  return { loans, applications, writtenOff, days };
}

const instant = (at: Instant): string => new Date(at).toISOString();
const seqOf = (at: Instant): string => String(BigInt(at) << 20n);
const version = (at: Instant) => ({ ingested_at: instant(at), deleted: 0, seq: seqOf(at) });

export async function store(clickhouse: ClickHouse, book: Book, calendar: BusinessCalendar): Promise<void> {
  const loanOf = new Map(book.loans.map((loan) => [loan.id, loan] as const));
  await insertRows(
    clickhouse,
    'loans',
    book.loans.map(({ id, customer, application, disbursedAt }) => ({
      ...version(disbursedAt),
      loan_id: id,
      customer_id: customer,
      application_id: application,
      product: 'CASH',
      disbursed_at: instant(disbursedAt),
    })),
  );
  await insertRows(
    clickhouse,
    'installments',
    book.loans.flatMap(({ id, customer, disbursedAt, firstDue }) =>
      // A new schedule moves the due date, and the first stays what it was.
      [
        { at: disbursedAt, due: firstDue },
        { at: disbursedAt + 86_400_000, due: firstDue + 9 },
      ].map(({ at, due }) => ({
        ...version(at),
        loan_id: id,
        customer_id: customer,
        installment_no: 1,
        effective_at: instant(at),
        due_date: text(due),
      })),
    ),
  );
  await insertRows(
    clickhouse,
    'applications',
    book.applications.map(({ id, customer, kind, appliedAt }) => ({
      ...version(appliedAt),
      application_id: id,
      customer_id: customer,
      kind,
      product: 'CASH',
      applied_at: instant(appliedAt),
    })),
  );
  await insertRows(
    clickhouse,
    'loan_events',
    book.writtenOff.map(({ loan, at, ingestedAt }) => ({
      ...version(ingestedAt),
      loan_id: loan,
      event_type: 'WRITTEN_OFF',
      occurred_at: instant(at),
    })),
  );
  await addDays(clickhouse, book, calendar, loanOf, book.days);
}

/** Adds versions of loan-days, which may come long after what they say they were known. */
export const addDays = (
  clickhouse: ClickHouse,
  _book: Book,
  calendar: BusinessCalendar,
  loanOf: ReadonlyMap<string, Loan>,
  days: readonly Version<LoanDay>[],
): Promise<void> =>
  insertRows(
    clickhouse,
    'loan_snapshots',
    days.map(({ ingestedAt, deleted, row }) => {
      const loan = loanOf.get(row.loan) as Loan;
      return {
        ...version(ingestedAt),
        deleted: deleted ? 1 : 0,
        loan_id: row.loan,
        as_of: text(row.day),
        customer_id: loan.customer,
        product: 'CASH',
        status: row.status,
        dpd: row.dpd,
        disbursed_on: calendar.dateOf(loan.disbursedAt),
      };
    }),
  );
