import { ident, raw, type Sql, sql } from '../definitions/sql.js';
import type { SourceTable } from './sources.js';

/** UInt64: sequence of the newest import of a source table, or derivation into it, whose rows are all there; 0 for none. */
export function newestSequence({ name, derivationRuns: runs }: Pick<SourceTable, 'name' | 'derivationRuns'>): Sql {
  const derived = runs === null ? raw('0') : sql`ifNull((SELECT max(seq) FROM ${ident(runs)}), 0)`;
  return sql`greatest(ifNull((SELECT max(seq) FROM source_imports WHERE table = ${name}), 0), ${derived})`;
}
