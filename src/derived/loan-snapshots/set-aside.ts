/** Loans that a derivation leaves out because of what their rows say, so that the other loans have their days. */
import type { ClickHouse } from '../../warehouse/client.js';
import { nameInQuarantine } from '../../warehouse/quarantine.js';
import { SNAPSHOTS } from './content.js';
import type { Impossible } from './impossible.js';

export interface SetAside {
  readonly loanId: string;
  readonly impossible: Impossible;
}

const reasonOf = ({ loanId, impossible: { reason } }: SetAside): string =>
  `${reason}: loan ${loanId} is set aside from ${SNAPSHOTS} until the row is imported again with its true values, or deleted`;

/** Names the loans in the quarantine of the tables to correct. */
export const quarantineLoans = (
  clickhouse: ClickHouse,
  loans: readonly SetAside[],
  signal: AbortSignal,
): Promise<void> =>
  nameInQuarantine(
    clickhouse,
    loans.map((each) => ({ ...each.impossible, reason: reasonOf(each), raw: '' })),
    { by: SNAPSHOTS, signal },
  );
