/** The daily job's work: `loan_snapshots` from loans, schedules, payments and events, as each day's derivation would have known them. */

import { yieldToOthers } from '../../core/async.js';
import { instantSql, type Sql, sql } from '../../core/definitions/sql.js';
import { type DayNumber, dateOfDay, dayNumber, LocalDays } from '../../core/helpers/local-days.js';
import type { BusinessCalendar, Instant } from '../../core/helpers/time.js';
import type { SourceTables } from '../../core/lending/sources.js';
import { type Leases, tableResource } from '../../core/ports/leases.js';
import type { Log, Metrics } from '../../core/ports/process.js';
import type { JobProgress } from '../../core/ports/progress.js';
import type { LoanSnapshots, LoanSnapshotsResult } from '../../core/ports/sources.js';
import type { ClickHouse } from '../../warehouse/client.js';
import { type Fence, raiseFence, tableFence } from '../../warehouse/fence.js';
import { derivationFailure } from '../failure.js';
import { contentOf, SNAPSHOTS } from './content.js';
import { derivedAt, knownFrom, type LoanHistory } from './history.js';
import { INPUT_TABLES, readHistories } from './inputs.js';
import { restateDerived } from './restate.js';
import { quarantineLoans, type SetAside } from './set-aside.js';
import { missingDays, readHints, readStored } from './stored.js';
import { type LoanVersions, versionsOf } from './versions.js';
import { finishRun, lastRun, nextRunSeq, planWork, touchedLoans, unseen } from './work.js';
import { SnapshotWriter } from './writer.js';

export interface LoanSnapshotsOptions {
  /** Its database holds the migrated tables. */
  readonly clickhouse: ClickHouse;
  readonly calendar: BusinessCalendar;
  readonly tables: SourceTables;
  /** A derivation holds the lease of its table, as an import into it does. */
  readonly leases: Leases;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Loans whose inputs are in memory at once, and after which a run looks whether it was cancelled. */
  readonly loansAPartition?: number;
}

/** The tables in which a derivation records itself. */
const WRITTEN_BESIDE = ['loan_snapshot_loans', 'loan_snapshot_runs', 'loan_snapshot_inputs'];

const LOANS_A_PARTITION = 4_000;
/** Loans whose stored rows are in memory at once. */
const LOANS_COMPARED = 250;
/** Loans that are replayed between two yields. */
const LOANS_A_BATCH = 50;
/** Loans set aside that a result names. */
const NAMED_IN_RESULT = 20;

/**
 * Derives loan snapshots. A derivation may be repeated and may die anywhere: it adds a row only where the stored one has other content, and
 * marks its run as complete after the last row.
 */
export function createLoanSnapshots(options: LoanSnapshotsOptions): LoanSnapshots {
  const { calendar, log, metrics } = options;
  const days = new LocalDays(calendar);
  return {
    name: SNAPSHOTS,
    inputs: INPUT_TABLES,
    derivedBy: (asOf) => derivedAt(days, days.dayOf(asOf) - 1),
    derivedUntil: (asOf) => days.startOf(days.dayOf(asOf)),
    async derive({ through, asOf, now, knownBy }, progress) {
      const due = knownFrom(days, now + 1) - 1;
      const over = asOf === undefined ? due : days.dayOf(asOf) - 1;
      const lastDay = Math.min(due, over, through === undefined ? due : dayNumber(through));
      const started = performance.now();
      try {
        const result = await options.leases.hold(tableResource(SNAPSHOTS), progress.signal, (lease) => {
          const signal = AbortSignal.any([progress.signal, lease.lost]);
          const fence = tableFence(lease, WRITTEN_BESIDE);
          return deriveAndRestate({ ...options, days, fence }, { lastDay, now, knownBy }, { ...progress, signal });
        });
        metrics.count('loan_snapshot_rows', {}, result.rows);
        metrics.observe('loan_snapshots_seconds', (performance.now() - started) / 1000);
        if (result.setAside) {
          metrics.count('loan_snapshot_loans_set_aside', {}, result.setAside.loans);
          log.warn({ ...result.setAside }, 'loans are set aside: the quarantine says why');
        }
        if (result.loans > 0) log.info({ ...result }, 'loan snapshots derived');
        return result;
      } catch (cause) {
        progress.signal.throwIfAborted();
        throw derivationFailure('loan snapshots', cause);
      }
    },
  };
}

type Derivation = LoanSnapshotsOptions & { readonly days: LocalDays; readonly fence: Fence };

interface Due {
  readonly lastDay: DayNumber;
  readonly now: Instant;
  readonly knownBy?: Instant | undefined;
}

/** Days that are not derived yet, then, where the caller knows more by now, those that are. */
async function deriveAndRestate(
  derivation: Derivation,
  { lastDay, now, knownBy }: Due,
  progress: JobProgress,
): Promise<LoanSnapshotsResult> {
  const derived = await derive(derivation, lastDay, now, progress);
  if (knownBy === undefined) return derived;
  const { tables, fence, clickhouse, loansAPartition = LOANS_A_PARTITION } = derivation;
  const restated = await restateDerived({
    ...derivation,
    loansAPartition,
    knownBy,
    signal: progress.signal,
    writer: (seq) => new SnapshotWriter(clickhouse, { table: tables.get(SNAPSHOTS), seq }, fence),
  });
  return {
    ...derived,
    loans: derived.loans + restated.loans,
    rows: derived.rows + restated.rows,
    changed: derived.changed + restated.changed,
  };
}

async function derive(
  { clickhouse, days, calendar, tables, fence, loansAPartition = LOANS_A_PARTITION }: Derivation,
  lastDay: DayNumber,
  now: Instant,
  progress: JobProgress,
): Promise<LoanSnapshotsResult> {
  const { signal } = progress;
  await raiseFence(clickhouse, fence, { signal });
  const last = await lastRun(clickhouse);
  const after = last?.through ?? null;
  const through = after === null ? lastDay : Math.max(after, lastDay);
  const unseenImports = await unseen(clickhouse, signal);
  const idle = after === null ? unseenImports.length === 0 : unseenImports.length === 0 && through === after;
  if (idle) return { loans: 0, rows: 0, changed: 0, through: after === null ? null : dateOfDay(after) };

  const seq = await nextRunSeq(clickhouse, now);
  const all = last !== null && last.timezone !== calendar.timezone;
  const touched = touchedLoans(days, { after, through, seen: unseenImports, all });
  const work = await planWork(clickhouse, touched, { seq, loansAPartition, signal });
  const writer = new SnapshotWriter(clickhouse, { table: tables.get(SNAPSHOTS), seq }, fence);
  const setAside: string[] = [];
  try {
    for (const [index, within] of work.partitions.entries()) {
      signal.throwIfAborted();
      const run = { clickhouse, days, within, work: work.table, after, through, seq, writer, signal };
      const aside = await derivePartition(run);
      await quarantineLoans(clickhouse, aside, signal);
      setAside.push(...aside.map(({ loanId }) => loanId));
      await progress.report((index + 1) / work.partitions.length);
    }
    const { rows, changed } = writer;
    const result = { loans: work.loans, rows, changed };
    await finishRun(clickhouse, unseenImports, { seq, through, timezone: calendar.timezone, at: now, ...result });
    return {
      ...result,
      through: dateOfDay(through),
      ...(setAside.length > 0 && { setAside: { loans: setAside.length, first: setAside.slice(0, NAMED_IN_RESULT) } }),
    };
  } finally {
    await work.drop().catch(() => undefined);
  }
}

interface PartitionRun {
  readonly clickhouse: ClickHouse;
  readonly days: LocalDays;
  readonly within: Sql;
  readonly work: Sql;
  readonly after: DayNumber | null;
  readonly through: DayNumber;
  readonly seq: bigint;
  readonly writer: SnapshotWriter;
  readonly signal: AbortSignal;
}

/** @returns the loans that no day can be derived of, as they are known at its end */
async function derivePartition(run: PartitionRun): Promise<readonly SetAside[]> {
  const { clickhouse, days, work, after, through, writer, signal } = run;
  const partition = {
    clickhouse,
    days,
    signal,
    within: sql`${run.within} AND loan_id IN (SELECT loan_id FROM ${work} WHERE ${run.within})`,
    until: instantSql(derivedAt(days, through)),
  };
  const [loans, hints, histories] = await Promise.all([
    readWork(run),
    readHints(run, work, after),
    readHistories(partition),
  ]);
  const compared: LoanHistory[] = [];
  const aside: SetAside[] = [];
  const states: (readonly [loanId: string, open: number, seq: string])[] = [];
  for (const [index, history] of histories.entries()) {
    if (index % LOANS_A_BATCH === 0) await yieldToOthers();
    const { loanId } = history;
    const loan = loans.get(loanId);
    const versions = versionsOf(history, days, { after, through });
    if (versions.impossible) aside.push({ loanId, impossible: versions.impossible });
    if (!(loan?.wasOpen && versions.open)) {
      states.push([loanId, versions.open ? 1 : 0, String(run.seq)]);
    }
    const hint = hints.get(loanId);
    const restatesPast = after !== null && versions.written.some(({ from }) => from <= after);
    if (loan?.backdated || hint?.compare || restatesPast) compared.push(history);
    else await writeNew(run, loanId, versions, hint?.imported);
  }
  for (let from = 0; from < compared.length; from += LOANS_COMPARED) {
    const batch = compared.slice(from, from + LOANS_COMPARED);
    const stored = await readStored(
      run,
      batch.map(({ loanId }) => loanId),
    );
    for (const [index, history] of batch.entries()) {
      if (index % LOANS_A_BATCH === 0) await yieldToOthers();
      const missing = missingDays(history, stored.get(history.loanId) ?? [], days, through);
      for (const { day, by, content, restates } of missing) {
        const full = writer.add(history.loanId, day, { at: derivedAt(days, by), content, restates });
        if (full) await full;
      }
    }
  }
  await writer.flush();
  // After the rows: a loan is only left out of later runs when its last row is there.
  const columns = ['loan_id', 'open', 'seq'] as const;
  await clickhouse.insert('snapshots-loans', { table: 'loan_snapshot_loans', columns }, states);
  return aside;
}

/** Writes the days of a loan that has no stored rows on them. */
async function writeNew(
  { days, writer }: PartitionRun,
  loanId: string,
  { written }: LoanVersions,
  imported: ReadonlySet<DayNumber> | undefined,
): Promise<void> {
  for (const { from, to, by, facts, span, restates } of written) {
    for (let day = from; day <= to; day++) {
      if (imported?.has(day)) continue;
      const content = span && contentOf(facts, span, day);
      const full = writer.add(loanId, day, { at: derivedAt(days, by ?? day), content, restates });
      if (full) await full;
    }
  }
}

interface WorkLoan {
  readonly backdated: boolean;
  readonly wasOpen: boolean;
}

async function readWork({ clickhouse, work, within, signal }: PartitionRun): Promise<ReadonlyMap<string, WorkLoan>> {
  const rows = await clickhouse.tuples<[string, number, number]>(
    'snapshots-loans',
    sql`SELECT loan_id, backdated, was_open FROM ${work} WHERE ${within}`,
    { signal },
  );
  return new Map(
    rows.map(([loanId, backdated, open]) => [loanId, { backdated: backdated === 1, wasOpen: open === 1 }]),
  );
}
