/**
 * Inputs that no derivation can count: amounts from before their import was bounded, and accepted extremes that add up. Money is counted in
 * cents as doubles, which are exact to 2^53.
 */

import type { LoanInputs } from '../../core/lending/loan-ledger.js';
import { MONEY_DIGITS } from '../../core/lending/source-columns.js';
import type { LoanFacts } from './history.js';

export interface Impossible {
  /** The table and the column to correct; null: no column alone. */
  readonly table: 'loans' | 'installments' | 'repayments' | 'loan_events';
  readonly column: string | null;
  readonly reason: string;
}

/** The first amount in cents that an import refuses. */
const BEYOND = 10 ** (MONEY_DIGITS + 2);

const tooLarge = (table: Impossible['table'], column: string): Impossible => ({
  table,
  column,
  reason: `has more than ${MONEY_DIGITS} digits before the point`,
});

interface Parts {
  readonly principal: number;
  readonly interest: number;
  readonly fee: number;
}

const sizeOf = ({ principal, interest, fee }: Parts): number =>
  Math.abs(principal) + Math.abs(interest) + Math.abs(fee);

/** Why no day of the loan can be derived from these inputs; null: each sum of them is exact. */
export function impossibleIn(facts: LoanFacts, { installments, repayments, events }: LoanInputs): Impossible | null {
  if (facts.disbursedOn < 0) {
    return { table: 'loans', column: 'disbursed_at', reason: 'is on a local day before 1970' };
  }
  let total = Math.abs(facts.principal);
  for (const row of installments) total += sizeOf(row);
  for (const row of repayments) total += sizeOf(row);
  for (const { amount } of events) total += Math.abs(amount ?? 0);
  if (total < BEYOND) return null;
  if (Math.abs(facts.principal) >= BEYOND) return tooLarge('loans', 'principal');
  const due = beyondIn(installments);
  if (due) return tooLarge('installments', `${due}_due`);
  const paid = beyondIn(repayments);
  if (paid) return tooLarge('repayments', `${paid}_paid`);
  if (events.some(({ amount }) => Math.abs(amount ?? 0) >= BEYOND)) return tooLarge('loan_events', 'amount');
  if (total <= Number.MAX_SAFE_INTEGER) return null;
  return { table: 'loans', column: null, reason: 'has amounts that add up to more than can be counted in cents' };
}

function beyondIn(rows: readonly Parts[]): keyof Parts | undefined {
  for (const row of rows) {
    for (const part of ['principal', 'interest', 'fee'] as const) if (Math.abs(row[part]) >= BEYOND) return part;
  }
  return undefined;
}
