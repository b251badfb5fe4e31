import { ident, raw, type Sql, sql } from '../definitions/sql.js';
import type { SourceTable } from './sources.js';

/** UInt64: sequence of the newest import of a source table, or derivation into it, whose rows are all there; 0 for none. */
export function newestSequence({ name, derivationRuns: runs }: Pick<SourceTable, 'name' | 'derivationRuns'>): Sql {
  const derived = runs === null ? raw('0') : sql`ifNull((SELECT max(seq) FROM ${ident(runs)}), 0)`;
  return sql`greatest(${newestImport({ name })}, ${derived})`;
}

/** UInt64: sequence of the newest import of a source table whose rows are all there; 0 for none. */
export const newestImport = ({ name }: Pick<SourceTable, 'name'>): Sql =>
  sql`ifNull((SELECT max(seq) FROM source_imports WHERE table = ${name}), 0)`;

/** Whether a row is none that a derivation into its table has written, under the sequence of its run or the one before. */
export const isImported = ({ derivationRuns: runs }: Pick<SourceTable, 'derivationRuns'>, seq: Sql): Sql =>
  runs === null ? raw('1') : sql`${seq} NOT IN (SELECT arrayJoin([seq, seq - 1]) FROM ${ident(runs)})`;
