/** Loans that a derivation leaves out because of what their rows say, so that the other loans have their days. */
import { instantText, param, sql } from '../../core/definitions/sql.js';
import type { Instant } from '../../core/helpers/time.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { SNAPSHOTS } from './content.js';
import type { Impossible } from './impossible.js';

export interface SetAside {
  readonly loanId: string;
  readonly impossible: Impossible;
}

const reasonOf = ({ loanId, impossible: { reason } }: SetAside): string =>
  `${reason}: loan ${loanId} is set aside from ${SNAPSHOTS.name} until the row is imported again with its true values, or deleted`;

/** Names the loans in the quarantine of the tables to correct, each once: every later run meets them again. */
export async function quarantineLoans(
  clickhouse: ClickHouse,
  loans: readonly SetAside[],
  { now, signal }: { readonly now: Instant; readonly signal: AbortSignal },
): Promise<void> {
  if (loans.length === 0) return;
  const named = await clickhouse.rows<{ table: string; reason: string }>(
    'snapshots-quarantine',
    sql`SELECT DISTINCT table, reason FROM source_quarantine
      WHERE import_id = ${SNAPSHOTS.name} AND reason IN ${param('Array(String)', loans.map(reasonOf))}`,
    { signal },
  );
  const known = new Set(named.map(({ table, reason }) => `${table} ${reason}`));
  const columns = ['table', 'at', 'import_id', 'line', 'column', 'reason', 'raw'] as const;
  const rows = loans
    .map((each) => ({ ...each.impossible, reason: reasonOf(each) }))
    .filter(({ table, reason }) => !known.has(`${table} ${reason}`))
    .map(({ table, column, reason }) => [table, instantText(now), SNAPSHOTS.name, 0, column, reason, '']);
  if (rows.length > 0) await clickhouse.insert('snapshots-quarantine', { table: 'source_quarantine', columns }, rows);
}
