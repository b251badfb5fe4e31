/**
 * What a point-in-time join must give, said as plainly as possible: look at every row, keep what could be seen, take the best. Imports
 * nothing, so that it cannot share a mistake with what it judges.
 */
export interface OracleRow {
  readonly key: readonly string[];
  readonly event: number;
  readonly available: number;
  readonly sequence: number;
  readonly tombstone: boolean;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface OracleView {
  readonly ttl: number | null;
  readonly maxAge: number | null;
  /** Features that keep their newest value that is not NULL. */
  readonly lastKnown: readonly string[];
}

export interface OracleAnswer {
  readonly value: unknown;
  readonly status: 'PRESENT' | 'NULL' | 'STALE' | 'NOT_FOUND';
  readonly event: number | null;
}

const sameKey = (a: readonly string[], b: readonly (string | null)[]): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index]);

const newer = (a: OracleRow, b: OracleRow): boolean => {
  if (a.event !== b.event) return a.event > b.event;
  if (a.available !== b.available) return a.available > b.available;
  return a.sequence > b.sequence;
};

const best = (rows: readonly OracleRow[]): OracleRow | null => {
  let found: OracleRow | null = null;
  for (const row of rows) if (found === null || newer(row, found)) found = row;
  return found;
};

/** Rows of the key that had happened and were known at `t`. */
const seen = (rows: readonly OracleRow[], key: readonly (string | null)[], t: number, known: number): OracleRow[] =>
  rows.filter((row) => sameKey(row.key, key) && row.event <= t && row.available <= t && row.available <= known);

/** The row in force at `t`, with the values of filled features. */
export function rowInForce(
  rows: readonly OracleRow[],
  view: OracleView,
  key: readonly (string | null)[],
  t: number,
  known = Number.POSITIVE_INFINITY,
): OracleRow | null {
  const visible = seen(rows, key, t, known);
  const winner = best(visible);
  if (winner === null || winner.tombstone) return winner;
  const values: Record<string, unknown> = { ...winner.values };
  let available = winner.available;
  for (const name of view.lastKnown) {
    const telling = best(visible.filter((row) => row.tombstone || row.values[name] !== null));
    values[name] = telling === null || telling.tombstone ? null : telling.values[name];
    // As it is, the row could be used only once all of it was known.
    available = Math.max(available, telling?.available ?? available);
  }
  return { ...winner, available, values };
}

export function answerAt(
  rows: readonly OracleRow[],
  view: OracleView,
  key: readonly (string | null)[],
  t: number,
  feature: string,
  known = Number.POSITIVE_INFINITY,
): OracleAnswer {
  const none: OracleAnswer = { value: null, status: 'NOT_FOUND', event: null };
  const row = rowInForce(rows, view, key, t, known);
  if (row === null || row.tombstone) return none;
  if (view.ttl !== null && row.event < t - view.ttl) return none;
  const value = row.values[feature];
  if (view.maxAge !== null && row.event < t - view.maxAge) return { value, status: 'STALE', event: row.event };
  return { value, status: value === null ? 'NULL' : 'PRESENT', event: row.event };
}
