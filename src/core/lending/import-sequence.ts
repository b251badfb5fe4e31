import { ident, raw, type Sql, sql } from '../definitions/sql.js';

/** Where the derivations into a table record their runs, which share one sequence with the imports of the table. */
const DERIVATION_RUNS: Readonly<Record<string, string>> = { loan_snapshots: 'loan_snapshot_runs' };

/** UInt64: sequence of the newest import of a table, or derivation into it, whose rows are all there; 0 for none. */
export function newestSequence(table: string): Sql {
  const runs = DERIVATION_RUNS[table];
  const derived = runs === undefined ? raw('0') : sql`ifNull((SELECT max(seq) FROM ${ident(runs)}), 0)`;
  return sql`greatest(ifNull((SELECT max(seq) FROM source_imports WHERE table = ${table}), 0), ${derived})`;
}
