/** The stored rows of a partition's loans, and the rows that are missing. */
import { instantSql, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { type DayNumber, dateOfDay, type LocalDays } from '../../core/helpers/local-days.js';
import type { Instant } from '../../core/helpers/time.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { contentOf, type DayContent } from './content.js';
import { derivedAt, knownFrom, type LoanHistory } from './history.js';
import { versionsOf } from './versions.js';

/** How a loan's stored rows bear on a run that goes on after the day `after`. */
export interface StoredHint {
  /** Whether the run must be compared with all of the loan's rows. */
  readonly compare: boolean;
  /** Days after `after` that were imported before they would be derived. */
  readonly imported: ReadonlySet<DayNumber>;
}

interface Reading {
  readonly clickhouse: ClickHouse;
  readonly days: LocalDays;
  /** Condition on `loan_id`. */
  readonly within: Sql;
  readonly signal: AbortSignal;
}

/** Reads hints by loan; loans without a stored row newer than `after` are left out. */
export async function readHints(
  { clickhouse, days, within, signal }: Reading,
  work: Sql,
  after: DayNumber | null,
): Promise<ReadonlyMap<string, StoredHint>> {
  const newer =
    after === null
      ? raw('')
      : sql` AND (ingested_at > ${instantSql(derivedAt(days, after))} OR (derived = 0 AND as_of > ${param('Date', dateOfDay(after))}))`;
  const midnight = sql`toDateTime64(as_of + 1, 3, ${days.calendar.timezone})`;
  const rows = await clickhouse.tuples<[string, number, number[]]>(
    'snapshots-hints',
    sql`SELECT loan_id, max(NOT known) AS compare, groupUniqArrayIf(toUInt16(as_of), known) AS imported FROM (
      SELECT loan_id, as_of, derived = 0 AND deleted = 0 AND ingested_at < ${midnight} + INTERVAL 30 MINUTE AS known FROM loan_snapshots
      WHERE ${within} AND loan_id IN (SELECT loan_id FROM ${work} WHERE ${within})${newer}
    ) GROUP BY loan_id`,
    { signal },
  );
  return new Map(
    rows.map(([loanId, compare, imported]) => [loanId, { compare: compare === 1, imported: new Set(imported) }]),
  );
}

/** One stored version of a loan-day. */
export interface StoredDay {
  readonly day: DayNumber;
  readonly ingestedAt: Instant;
  readonly derived: boolean;
  /** Null: a tombstone. */
  readonly content: DayContent | null;
}

const money = (column: string): string => `toInt64(toDecimal128(${column}, 2) * 100)`;
const COLUMNS = [
  ...['loan_id', 'toUInt16(as_of)', 'toUnixTimestamp64Milli(ingested_at)', 'derived', 'deleted'],
  ...['customer_id', 'product', 'channel', 'line_id', 'status', 'restructured', 'dpd'],
  ...['principal_outstanding', 'overdue_principal', 'interest_overdue', 'fee_overdue', 'penalty_accrued'].map(money),
  ...['risk_class', 'toUInt16(disbursed_on)', money('principal')],
].join(', ');

const optional = (value: unknown): number | null => (value === null ? null : Number(value));

/** Reads all stored versions of loans, by loan, in order of day, time and sequence. */
export async function readStored(
  { clickhouse, within, signal }: Reading,
  loanIds: readonly string[],
): Promise<ReadonlyMap<string, readonly StoredDay[]>> {
  const rows = await clickhouse.tuples<unknown[]>(
    'snapshots-stored',
    sql`SELECT ${raw(COLUMNS)} FROM loan_snapshots WHERE ${within} AND loan_id IN ${param('Array(String)', loanIds)}
    ORDER BY loan_id, as_of, ingested_at, seq`,
    { signal },
  );
  const stored = new Map<string, StoredDay[]>();
  for (const row of rows) {
    const [loanId, day, ingestedAt, derived, deleted, ...own] = row as [string, number, unknown, number, number];
    const each = {
      day,
      ingestedAt: Number(ingestedAt),
      derived: derived === 1,
      content: deleted === 1 ? null : parse(own),
    };
    const versions = stored.get(loanId);
    if (versions) versions.push(each);
    else stored.set(loanId, [each]);
  }
  return stored;
}

function parse(own: readonly unknown[]): DayContent {
  const [customerId, product, channel, lineId, status, restructured, dpd, ...rest] = own as Texts;
  const [outstanding, overdue, interest, fee, penalty, riskClass, disbursedOn, principal] = rest;
  return {
    customerId,
    product,
    channel,
    lineId,
    status,
    restructured,
    dpd,
    principalOutstanding: Number(outstanding),
    overduePrincipal: Number(overdue),
    interestOverdue: optional(interest),
    feeOverdue: optional(fee),
    penaltyAccrued: optional(penalty),
    riskClass: riskClass as string | null,
    disbursedOn: Number(disbursedOn),
    principal: Number(principal),
  };
}

type Texts = [string, string, string | null, string | null, string, number, number, ...unknown[]];

/** A version to be added. */
export interface MissingDay {
  readonly day: DayNumber;
  /** The day whose derivation writes it. */
  readonly by: DayNumber;
  readonly content: DayContent | null;
  readonly restates: boolean;
}

/**
 * Finds the rows that each derivation would have added to what is stored now: the content of an imported version where the derivation knows
 * one, else the derived content. Days that are stored with that content already are left out.
 */
export function missingDays(
  history: LoanHistory,
  stored: readonly StoredDay[],
  days: LocalDays,
  through: DayNumber,
): readonly MissingDay[] {
  const derived = new Map<DayNumber, { readonly by: DayNumber; readonly content: DayContent | null }[]>();
  const { written, aside } = versionsOf(history, days, { after: null, through });
  for (const { from, to, by, facts, span } of written) {
    for (let day = from; day <= to; day++) {
      const version = { by: by ?? day, content: span && contentOf(facts, span, day) };
      const versions = derived.get(day);
      if (versions) versions.push(version);
      else derived.set(day, [version]);
    }
  }
  const present = new Map<DayNumber, StoredDay[]>();
  for (const each of stored) present.set(each.day, [...(present.get(each.day) ?? []), each]);
  const missing: MissingDay[] = [];
  for (const day of [...new Set([...derived.keys(), ...present.keys()])].sort((a, b) => a - b)) {
    const rows: StoredDay[] = [...(present.get(day) ?? [])];
    const versions = derived.get(day) ?? [];
    const times = rows.map(({ ingestedAt }) => Math.max(day, knownFrom(days, ingestedAt)));
    for (const by of [...new Set([...versions.map((each) => each.by), ...times])].sort((a, b) => a - b)) {
      if (by > through) break;
      // What was stored stays as it is while the loan was set aside.
      if (aside.some(({ from, to }) => from <= by && by <= to)) continue;
      const at = derivedAt(days, by);
      const visible = rows.filter(({ ingestedAt }) => ingestedAt <= at);
      const imported = visible.findLast((row) => !row.derived)?.content ?? null;
      const content = imported ?? versions.findLast((each) => each.by <= by)?.content ?? null;
      const inForce = visible.at(-1)?.content ?? null;
      if (sameContent(content, inForce)) continue;
      missing.push({ day, by, content, restates: inForce !== null });
      rows.splice(visible.length, 0, { day, ingestedAt: at, derived: true, content });
    }
  }
  return missing;
}

const KEYS = [
  ...(['customerId', 'product', 'channel', 'lineId', 'status', 'restructured', 'dpd', 'principalOutstanding'] as const),
  ...(['overduePrincipal', 'interestOverdue', 'feeOverdue', 'penaltyAccrued', 'riskClass'] as const),
  ...(['disbursedOn', 'principal'] as const),
];

export const sameContent = (a: DayContent | null, b: DayContent | null): boolean =>
  a === null || b === null ? a === b : KEYS.every((key) => a[key] === b[key]);
