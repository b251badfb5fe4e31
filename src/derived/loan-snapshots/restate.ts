/**
 * Restates derived loan-days within the day on which something came in late. The derivation of that day would do so after its midnight; it finds these
 * rows, and writes only where it knows better.
 */
import { yieldToOthers } from '../../core/async.js';
import { ident, instantSql, join, raw, type Sql, sql } from '../../core/definitions/sql.js';
import type { DayNumber, LocalDays } from '../../core/helpers/local-days.js';
import type { Instant } from '../../core/helpers/time.js';
import { replayLoan } from '../../core/lending/loan-ledger.js';
import { happenedBy } from '../../core/lending/source-sql.js';
import type { SourceTables } from '../../core/lending/sources.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { contentOf, type DayContent, SNAPSHOTS } from './content.js';
import { derivedAt, inForce, knownFrom, knownInputs, type LoanHistory } from './history.js';
import { impossibleIn } from './impossible.js';
import { INPUT_TABLES, readHistories } from './inputs.js';
import { readStored, type StoredDay, sameContent } from './stored.js';
import { finishRun, lastRun, nextRunSeq, planWork } from './work.js';
import type { SnapshotWriter } from './writer.js';

export interface Restatement {
  readonly clickhouse: ClickHouse;
  readonly tables: SourceTables;
  readonly days: LocalDays;
  readonly loansAPartition: number;
  /** What came in by then is known, and the rows are known since. */
  readonly knownBy: Instant;
  readonly signal: AbortSignal;
  writer(seq: bigint): SnapshotWriter;
}

export interface Restated {
  /** Loans that were examined. */
  readonly loans: number;
  /** Loan-days written; `changed` of them replace an earlier version. */
  readonly rows: number;
  readonly changed: number;
}

/** Loans whose stored rows are in memory at once. */
const LOANS_COMPARED = 250;
/** Loans that are replayed between two yields. */
const LOANS_A_BATCH = 50;

/** Repeating it adds nothing. A loan whose rows are impossible keeps its days: the derivation of the day names it in the quarantine. */
export async function restateDerived(restatement: Restatement): Promise<Restated> {
  const { clickhouse, days, knownBy, loansAPartition, signal } = restatement;
  const last = await lastRun(clickhouse);
  if (last === null || knownBy <= derivedAt(days, last.through)) return { loans: 0, rows: 0, changed: 0 };
  const { through } = last;
  const seq = await nextRunSeq(clickhouse, knownBy);
  const work = await planWork(clickhouse, loansWithNews(restatement, through), { seq, loansAPartition, signal });
  const writer = restatement.writer(seq);
  try {
    for (const within of work.partitions) {
      signal.throwIfAborted();
      const own = sql`${within} AND loan_id IN (SELECT loan_id FROM ${work.table} WHERE ${within})`;
      const partition = { clickhouse, days, within: own, until: instantSql(knownBy), signal };
      const histories = await readHistories(partition);
      for (let from = 0; from < histories.length; from += LOANS_COMPARED) {
        const batch = histories.slice(from, from + LOANS_COMPARED);
        const stored = await readStored(
          partition,
          batch.map(({ loanId }) => loanId),
        );
        for (const [index, history] of batch.entries()) {
          if (index % LOANS_A_BATCH === 0) await yieldToOthers();
          for (const { day, content, restates } of restatedDays(history, stored.get(history.loanId) ?? [], {
            days,
            through,
            knownBy,
          })) {
            const full = writer.add(history.loanId, day, { at: knownBy, content, restates });
            if (full) await full;
          }
        }
      }
    }
    await writer.flush();
  } finally {
    await work.drop().catch(() => undefined);
  }
  const { rows, changed } = writer;
  const result = { loans: work.loans, rows, changed };
  // Readers of what is whole see the rows from here on. No import counts as seen: the derivation of the day goes through them all.
  if (rows > 0) await finishRun(clickhouse, [], { seq, ...last, at: knownBy, ...result });
  return result;
}

/** Loans with a row that came in since the last derivation, of a key that had happened by the end of the last derived day. */
function loansWithNews({ days, tables, knownBy }: Restatement, through: DayNumber): Sql {
  const since = instantSql(derivedAt(days, through));
  const asOf = instantSql(days.startOf(through + 1) - 1);
  const parts = [...INPUT_TABLES, SNAPSHOTS].map((name) => {
    const table = tables.get(name);
    const key = join(table.key.map(ident));
    const imported = name === SNAPSHOTS ? raw('derived = 0 AND ') : raw('');
    const news = sql`SELECT ${key} FROM ${ident(name)} WHERE ${imported}ingested_at > ${since} AND ingested_at <= ${instantSql(knownBy)}`;
    const happened = happenedBy(table, asOf, days.calendar.timezone) ?? raw('1');
    return sql`SELECT loan_id, 0 AS backdated, 0 AS was_open FROM ${ident(name)} AS v WHERE (${key}) IN (${news}) AND ${happened}`;
  });
  return join(parts, ' UNION ALL ');
}

interface RestatedDay {
  readonly day: DayNumber;
  readonly content: DayContent | null;
  readonly restates: boolean;
}

/** The days whose content differs from what is in force, by all that is known: of an imported day that of the import, else the derived one. */
function restatedDays(
  history: LoanHistory,
  stored: readonly StoredDay[],
  { days, through, knownBy }: { readonly days: LocalDays; readonly through: DayNumber; readonly knownBy: Instant },
): readonly RestatedDay[] {
  const today = knownFrom(days, knownBy);
  const facts = inForce(history.loan, today);
  const inputs = facts && knownInputs(history, facts, today);
  if (facts && inputs && impossibleIn(facts, inputs)) return [];
  const derived = new Map<DayNumber, DayContent>();
  for (const span of facts && inputs ? replayLoan(inputs, days, through) : []) {
    for (let day = span.from; day <= span.to && facts; day++) derived.set(day, contentOf(facts, span, day));
  }
  const present = new Map<DayNumber, StoredDay[]>();
  for (const each of stored) {
    if (each.ingestedAt <= knownBy) present.set(each.day, [...(present.get(each.day) ?? []), each]);
  }
  const restated: RestatedDay[] = [];
  for (const day of [...new Set([...derived.keys(), ...present.keys()])].sort((a, b) => a - b)) {
    if (day > through) break;
    const rows = present.get(day) ?? [];
    const content = rows.findLast((row) => !row.derived)?.content ?? derived.get(day) ?? null;
    const before = rows.at(-1)?.content ?? null;
    if (!sameContent(content, before)) restated.push({ day, content, restates: before !== null });
  }
  return restated;
}
