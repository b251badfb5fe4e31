import { BusinessCalendar } from '../../../src/core/helpers/time.js';
import type { LoanSnapshots, LoanSnapshotsResult } from '../../../src/core/ports/sources.js';
import { createLoanSnapshots } from '../../../src/derived/loan-snapshots/derivation.js';
import type { ClickHouse } from '../../../src/warehouse/client.js';
import type { OracleRow } from '../../core/lending/loan-oracle.js';
import { openSources, quietMetrics, type Sources } from '../../sources/support.js';
import { quietLog } from '../../support/homes.js';
import { unsharedLeases } from '../../support/leases.js';
import { TABLES } from '../../support/tables.js';

export const unwatched = { signal: new AbortController().signal, report: async () => undefined };

export interface Book {
  readonly sources: Sources;
  readonly snapshots: LoanSnapshots;
  /** Imports rows, each known when it says; `now` is the import's own time. */
  load(rows: readonly OracleRow[], now?: number): Promise<void>;
  derive(through: string): Promise<LoanSnapshotsResult>;
  /** Every stored version with its content, in order. */
  versions(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Long after everything that the ledgers of the tests tell. */
export const LATER = Date.UTC(2026, 0, 1);

/** Partitions of a few loans, so that small books have several. */
export const snapshotsOn = (clickhouse: ClickHouse, timezone: string, loansAPartition = 25): LoanSnapshots =>
  createLoanSnapshots({
    tables: TABLES,
    clickhouse,
    calendar: new BusinessCalendar(timezone),
    log: quietLog,
    metrics: quietMetrics,
    leases: unsharedLeases(),
    loansAPartition,
  });

export async function openBook(timezone: string, loansAPartition?: number): Promise<Book> {
  const sources = await openSources(timezone);
  const snapshots = snapshotsOn(sources.clickhouse, timezone, loansAPartition);
  return {
    sources,
    snapshots,
    async load(rows, now = LATER) {
      for (const [table, body] of Object.entries(filesOf(rows))) {
        const { rejected, quarantine } = await sources.load(table, body, { format: 'ndjson', now });
        if (rejected > 0) throw new Error(JSON.stringify(quarantine));
      }
    },
    derive: (through) => snapshots.derive({ through, now: LATER }, unwatched),
    async versions() {
      const rows = await sources.rows<Record<string, unknown>>(
        'SELECT * EXCEPT (seq) FROM loan_snapshots ORDER BY loan_id, as_of, ingested_at, seq',
      );
      return rows.map((row) => JSON.stringify(row));
    },
    close: () => sources.close(),
  };
}

const money = (cents: unknown): string => (Number(cents) / 100).toFixed(2);
const instant = (at: number): string => new Date(at).toISOString();

/** The rows as NDJSON files, by table. */
export function filesOf(rows: readonly OracleRow[]): Readonly<Record<string, string>> {
  const lines: Record<string, string[]> = {};
  for (const row of rows) {
    const { values, loan } = row;
    const common = { loan_id: loan, ingested_at: instant(row.ingestedAt), ...(row.deleted ? { deleted: 1 } : {}) };
    const columns: Record<OracleRow['table'], () => object> = {
      loans: () => ({
        customer_id: `C-${loan}`,
        product: values.product,
        disbursed_at: instant(row.at),
        channel: 'APP',
        principal: money(values.principal),
        term_months: 4,
        annual_rate: '0.24',
      }),
      installments: () => ({
        installment_no: values.no,
        effective_at: instant(row.at),
        customer_id: `C-${loan}`,
        due_date: values.due,
        principal_due: money(values.principal),
        interest_due: money(values.interest),
        fee_due: money(values.fee),
      }),
      repayments: () => ({
        repayment_id: row.key,
        customer_id: `C-${loan}`,
        installment_no: values.no,
        paid_at: instant(row.at),
        principal_paid: money(values.principal),
        interest_paid: money(values.interest),
        fee_paid: money(values.fee),
        penalty_paid: '1.23',
      }),
      loan_events: () => ({
        event_type: values.type,
        occurred_at: instant(row.at),
        amount: values.amount === null ? null : money(values.amount),
      }),
    };
    lines[row.table] ??= [];
    lines[row.table]?.push(JSON.stringify({ ...columns[row.table](), ...common }));
  }
  return Object.fromEntries(Object.entries(lines).map(([table, each]) => [table, `${each.join('\n')}\n`]));
}

/** A short loan of three instalments of 100.00 and 3.00, each due on the given day. */
export function plainLoan(loan: string, at: number, dues: readonly string[], ingestedAt = at): OracleRow[] {
  const values = { product: 'CASH_LINE', principal: 10_000 * dues.length };
  return [
    { table: 'loans', key: loan, loan, at, ingestedAt, values },
    ...dues.map(
      (due, index): OracleRow => ({
        table: 'installments',
        key: `${loan}/${index + 1}/${at}`,
        loan,
        at,
        ingestedAt,
        values: { no: index + 1, due, principal: 10_000, interest: 300, fee: 0 },
      }),
    ),
  ];
}

export const payment = (
  key: string,
  at: number,
  values: { readonly no: number | null; readonly principal: number; readonly interest: number },
  ingestedAt = at,
): OracleRow => ({
  table: 'repayments',
  key,
  loan: key.split('-R')[0] as string,
  at,
  ingestedAt,
  values: { ...values, fee: 0 },
});
