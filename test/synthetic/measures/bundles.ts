/** Small hand-made bundles of rows, and what the auditor says of them. */
import { addDays, BusinessCalendar } from '../../../src/core/helpers/time.js';
import { Book } from '../../../synthetic/book.js';
import { BookMeasures } from '../../../synthetic/measures/book-measures.js';
import type { MeasureName } from '../../../synthetic/measures/targets.js';
import type { CustomerRows, Row } from '../../../synthetic/rows.js';

const calendar = new BusinessCalendar('Asia/Shanghai');
/** The book's months are 2024-01 to 2026-06. */
export const END = '2026-06-30';

/** A local wall-clock time in Shanghai. */
export const at = (date: string, time = '12:00:00'): string => new Date(`${date}T${time}+08:00`).toISOString();

export interface LoanSpec {
  readonly id?: string;
  readonly customer?: string;
  readonly disbursed: string;
  readonly dues: readonly string[];
  /** Principal of each instalment; its interest is a tenth. */
  readonly principal?: number;
  /** Instalment number to the day on which it was paid; the others were not. */
  readonly paid?: Readonly<Record<number, string>>;
  readonly channel?: string;
  readonly events?: readonly Row[];
  readonly repayments?: readonly Row[];
}

const money = (amount: number): string => amount.toFixed(2);

export function loanRows(spec: LoanSpec): CustomerRows {
  const { id = 'L1', customer = 'C0000001', disbursed, dues, principal = 100, paid = {}, channel = 'APP' } = spec;
  const row = { loan_id: id, customer_id: customer };
  const payments = Object.entries(paid).map(([no, day]) => ({
    ...row,
    repayment_id: `${id}-R${no}`,
    installment_no: Number(no),
    paid_at: at(day),
    method: 'SELF',
    principal_paid: money(principal),
    interest_paid: money(principal / 10),
  }));
  return {
    loans: [
      {
        ...row,
        product: 'CASH_LINE',
        channel,
        disbursed_at: at(disbursed),
        annual_rate: '0.240000',
        principal: money(principal * dues.length),
        term_months: dues.length,
      },
    ],
    installments: dues.map((due_date, index) => ({
      ...row,
      installment_no: index + 1,
      effective_at: at(disbursed),
      due_date,
      principal_due: money(principal),
      interest_due: money(principal / 10),
    })),
    repayments: [...payments, ...(spec.repayments ?? []).map((more) => ({ ...row, ...more }))],
    loan_events: (spec.events ?? []).map((event) => ({ ...row, ...event })),
  };
}

export function merged(...bundles: readonly CustomerRows[]): CustomerRows {
  const rows: Record<string, Row[]> = {};
  for (const bundle of bundles)
    for (const [table, added] of Object.entries(bundle)) rows[table] = [...(rows[table] ?? []), ...added];
  return rows;
}

export const customerRow = (customer_id: string, registered = '2024-02-01'): CustomerRows => ({
  customers: [{ customer_id, registered_at: at(registered) }],
});

/** The same day of the following months. */
export const monthly = (first: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => {
    const month = Number(first.slice(5, 7)) - 1 + index;
    const year = Number(first.slice(0, 4)) + Math.floor(month / 12);
    return `${year}-${String((month % 12) + 1).padStart(2, '0')}-${first.slice(8)}`;
  });

/** What the auditor says of these customers; `rings` names the ring of those who are no honest ones. */
export function measure(
  bundles: readonly CustomerRows[],
  rings: Readonly<Record<string, number>> = {},
): (name: MeasureName) => number | null {
  const book = new Book({ seed: 1, endDate: END, customers: 10, calendar });
  const measures = new BookMeasures(book, (id) => rings[id] ?? null);
  for (const rows of bundles) measures.add(rows);
  const results = new Map(measures.result().map((result) => [result.name, result]));
  return (name) => results.get(name)?.value ?? null;
}

export { addDays };
