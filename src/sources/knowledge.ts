/**
 * Since when rows that bring no `ingested_at` are known: from the moment at which they are written, under the lease of their table. An upload may
 * take an hour, and wait for another: what it brings must not count as known while no run could have read it.
 */
import { ident, instantSql, type Sql, sql } from '../core/definitions/sql.js';
import type { Instant } from '../core/helpers/time.js';

/** In a stage, the `ingested_at` of a row that is known once it is written. No file has it: it lies in the future. */
export const WHEN_WRITTEN: Instant = Date.UTC(2299, 11, 31);

/** Whether a staged row is known once it is written. */
export const isKnownWhenWritten = sql`ingested_at = ${instantSql(WHEN_WRITTEN)}`;

/** DateTime64(3,'UTC') of a staged row. */
export const knownFrom = (known: Instant): Sql => sql`if(${isKnownWhenWritten}, ${instantSql(known)}, ingested_at)`;

/** In parentheses, DateTime64(3,'UTC'): the newest `ingested_at` that the rows of a stage bring. */
export const newestBrought = (stage: string): Sql =>
  sql`(SELECT max(ingested_at) FROM ${ident(stage)} WHERE ingested_at != ${instantSql(WHEN_WRITTEN)})`;
