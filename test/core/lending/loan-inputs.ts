import type { LoanInputs } from '../../../src/core/lending/loan-ledger.js';
import type { OracleRow } from './loan-oracle.js';

/** The replay's inputs of one loan from the oracle's rows; null where the loan's own row is not among them. */
export function inputsOf(rows: readonly OracleRow[], loan: string): (LoanInputs & { readonly product: string }) | null {
  const mine = rows.filter((row) => row.loan === loan);
  const own = mine.find((row) => row.table === 'loans');
  if (!own) return null;
  const of = (table: OracleRow['table']): OracleRow[] => mine.filter((row) => row.table === table);
  const parts = ({ values }: OracleRow) => ({
    principal: Number(values.principal),
    interest: Number(values.interest),
    fee: Number(values.fee),
  });
  return {
    product: String(own.values.product),
    disbursedAt: own.at,
    principal: Number(own.values.principal),
    installments: of('installments').map((row) => ({
      no: Number(row.values.no),
      effectiveAt: row.at,
      dueDate: String(row.values.due),
      ...parts(row),
    })),
    repayments: of('repayments').map((row) => ({
      installmentNo: row.values.no as number | null,
      paidAt: row.at,
      ...parts(row),
    })),
    events: of('loan_events').map((row) => ({
      type: row.values.type as LoanInputs['events'][number]['type'],
      occurredAt: row.at,
      amount: row.values.amount as number | null,
    })),
  };
}
