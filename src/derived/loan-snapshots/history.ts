/** The inputs of one loan: every version of every row, each with the first day whose derivation knows it. */

import type { DayNumber, LocalDays } from '../../core/helpers/local-days.js';
import { type Instant, MINUTE } from '../../core/helpers/time.js';
import type { LoanInputs } from '../../core/lending/loan-ledger.js';

/** How long the derivation of a day waits after the local midnight that ends it. */
const WAIT = 30 * MINUTE;

/** The scheduled time of a day's derivation, which knows what came in by then. */
export const derivedAt = (days: LocalDays, day: DayNumber): Instant => days.startOf(day + 1) + WAIT;

/** The first day whose derivation knows what came in at an instant. */
export const knownFrom = (days: LocalDays, ingestedAt: Instant): DayNumber => days.dayOf(ingestedAt - WAIT - 1);

export interface Version<Row> {
  /** The first day whose derivation sees it. */
  readonly knownOn: DayNumber;
  /** The local day on which it happens. */
  readonly happens: DayNumber;
  /** Null: a tombstone. */
  readonly row: Row | null;
}

/** Versions of one row, oldest first. */
export type Chain<Row> = readonly Version<Row>[];

/** The facts of a loan beside its balances. */
export interface LoanFacts {
  readonly customerId: string;
  readonly product: string;
  readonly channel: string | null;
  readonly lineId: string | null;
  readonly disbursedAt: Instant;
  readonly disbursedOn: DayNumber;
  /** In cents. */
  readonly principal: number;
}

export interface LoanHistory {
  readonly loanId: string;
  readonly loan: Chain<LoanFacts>;
  readonly installments: readonly Chain<LoanInputs['installments'][number]>[];
  readonly repayments: readonly Chain<LoanInputs['repayments'][number]>[];
  readonly events: readonly Chain<LoanInputs['events'][number]>[];
}

/** The newest version that a day's derivation sees; null where there is none or it is a tombstone. */
export function inForce<Row>(chain: Chain<Row>, day: DayNumber): Row | null {
  let newest: Row | null = null;
  for (const { knownOn, row } of chain) {
    if (knownOn > day) break;
    newest = row;
  }
  return newest;
}

/** A loan's inputs as a day's derivation sees them. */
export function knownInputs(history: LoanHistory, facts: LoanFacts, day: DayNumber): LoanInputs {
  const visible = <Row>(chains: readonly Chain<Row>[]): Row[] => {
    const rows: Row[] = [];
    for (const chain of chains) {
      const row = inForce(chain, day);
      if (row !== null) rows.push(row);
    }
    return rows;
  };
  return {
    disbursedAt: facts.disbursedAt,
    principal: facts.principal,
    installments: visible(history.installments),
    repayments: visible(history.repayments),
    events: visible(history.events),
  };
}
