import type { CustomerRows, Row } from '../rows.js';
import type { Frame } from './frame.js';
import { type LoanHistory, loanHistories } from './loan-history.js';

/** One customer's rows, read once for all measures. */
export interface Bundle {
  readonly rows: CustomerRows;
  /** The ring of which the customer is a member; null: honest. */
  readonly ring: number | null;
  readonly loans: readonly LoanHistory[];
}

export const tableOf = ({ rows }: Bundle, table: string): readonly Row[] => rows[table] ?? [];

/** A part of the table of measures: it takes customers one by one and keeps counters alone. */
export interface Section<Values> {
  add(bundle: Bundle): void;
  values(): Values;
}

export const readBundle = (rows: CustomerRows, ring: number | null, frame: Frame): Bundle => ({
  rows,
  ring,
  loans: loanHistories(rows, frame),
});
