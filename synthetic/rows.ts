import type { Instant } from '../src/core/helpers/time.js';
import { instantText } from './instants.js';

/**
 * One row as the import API takes it: money as '123.45', instants RFC 3339 with Z, days 'YYYY-MM-DD', `ingested_at` only where it was known
 * later than its event time says. A column without a value is absent, never null.
 */
export type Row = Readonly<Record<string, unknown>>;

/** Table name to rows: everything the book says of one customer. A table without rows may be absent. */
export type CustomerRows = Readonly<Record<string, readonly Row[]>>;

/** Integer cents as the import API takes money. */
export const money = (cents: number): string => (cents / 100).toFixed(2);

/** The version stamp of a row that was known later than it happened; nothing where it was known at once. */
export const knownAt = (ingestedAt: Instant | null): Row =>
  ingestedAt === null ? {} : { ingested_at: instantText(ingestedAt) };
