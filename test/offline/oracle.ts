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

/** What a run finds of the keys of a view. */
export interface OracleKnowledge {
  readonly values: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** Keys that it would find if no source row had been deleted. */
  readonly undeleted: ReadonlySet<string>;
}

/** A live run or a republication of one as-of, or a backfill of several. */
export interface OracleOperation {
  readonly kind: 'live' | 'backfill' | 'republication';
  readonly at: number;
  /** Oldest first. */
  readonly asOfs: readonly number[];
}

export interface OracleSchedule {
  readonly operations: readonly OracleOperation[];
  readonly delay: number;
  readonly absent: 'ends' | 'keeps';
  /** What of an as-of was known at `knowledge`, of what had been brought at `at`. */
  readonly known: (asOf: number, knowledge: number, at: number) => OracleKnowledge;
}

/** Ways to be wrong: what a test must tell from the right one. */
export type OracleFault =
  | 'restamps'
  | 'drops what it knows better'
  | 'keeps deleted'
  | 'forgets the next as-of'
  | 'takes back what a republication knew';

/** The history that runs leave, said as plainly as possible: a row a key and as-of, and one more where a later run of that as-of knows better. */
export function livedRows({ operations, delay, absent, known }: OracleSchedule, fault?: OracleFault): OracleRow[] {
  const rows: OracleRow[] = [];
  const since = new Map<number, number>();
  const knownBy = new Map<number, number>();
  const newestAt = (asOf: number, key: string): OracleRow | null =>
    best(rows.filter((row) => row.event === asOf && row.key[0] === key));
  const add = (event: number, available: number, key: string, values: Readonly<Record<string, unknown>> | null) =>
    rows.push({
      key: [key],
      event,
      available,
      sequence: rows.length,
      tombstone: values === null,
      values: values ?? {},
    });
  for (const { kind, at, asOfs } of operations) {
    for (const asOf of asOfs) {
      const own = kind === 'republication' ? at : asOf + delay;
      const knowledge = fault === 'takes back what a republication knew' ? own : Math.max(own, knownBy.get(asOf) ?? 0);
      knownBy.set(asOf, knowledge);
      const { values, undeleted } = known(asOf, knowledge, at);
      const said = new Map<string, Readonly<Record<string, unknown>> | null>(values);
      if (fault !== 'keeps deleted') for (const key of undeleted) if (!values.has(key)) said.set(key, null);
      const before = since.has(asOf) && !(fault === 'restamps' && kind === 'backfill');
      if (before) {
        const keys = new Set(rows.filter((row) => row.event === asOf).map((row) => row.key[0] as string));
        for (const key of keys) if (!said.has(key)) said.set(key, null);
      }
      const available = before || kind !== 'backfill' ? Math.max(at, knowledge) : knowledge;
      for (const [key, value] of said) {
        const was = newestAt(asOf, key);
        const same =
          was && was.tombstone === (value === null) && JSON.stringify(was.values) === JSON.stringify(value ?? {});
        if (same || (before && fault === 'drops what it knows better')) continue;
        add(asOf, available, key, value);
      }
      since.set(asOf, Math.min(since.get(asOf) ?? available, available));
    }
    if (absent === 'ends') endAbsent(asOfs);
  }
  return rows;

  /** A key that an as-of has and the next one says nothing of ends with the next one. */
  function endAbsent(touched: readonly number[]): void {
    const order = [...since.keys()].sort((a, b) => a - b);
    for (const [index, after] of order.entries()) {
      const before = order[index - 1];
      if (before === undefined || (fault === 'forgets the next as-of' && !touched.includes(after))) continue;
      for (const key of new Set(rows.filter((row) => row.event === before).map((row) => row.key[0] as string))) {
        if (newestAt(before, key)?.tombstone || newestAt(after, key)) continue;
        add(after, since.get(after) as number, key, null);
      }
    }
  }
}
