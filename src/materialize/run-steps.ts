/**
 * The steps of one run. Each leaves its mark in the ledger, so that a run is taken up at the step where its process died; each may be
 * repeated without a trace.
 */
import type { View } from '../core/definitions/definitions.js';
import { RiskgraphError } from '../core/errors.js';
import { type BusinessCalendar, formatInstant, type Instant } from '../core/helpers/time.js';
import type { Arrivals, ImportsRead } from '../core/ports/arrivals.js';
import type { WholeDays } from '../core/ports/completeness.js';
import type { DerivedTable } from '../core/ports/derived.js';
import type { Lease, Leases } from '../core/ports/leases.js';
import type { PortfolioScores, RunChange, RunLedger, RunRecord } from '../core/ports/materialize.js';
import type { OfflineReader, Run, Shard, StageCounts } from '../core/ports/offline.js';
import type { OfflineWriter, OfflineWriters } from '../core/ports/offline-writer.js';
import type { OnlineStore } from '../core/ports/online.js';
import type { Clock, Log, Metrics, StoreClock } from '../core/ports/process.js';
import { tablesRead } from './derive-inputs.js';
import { countScores } from './score-tally.js';
import { kindOf } from './view-kinds.js';

export interface MaterializerDeps {
  readonly arrivals: Arrivals;
  readonly completeness: WholeDays;
  readonly offline: OfflineReader;
  readonly writers: OfflineWriters;
  readonly online: OnlineStore;
  readonly ledger: RunLedger;
  readonly leases: Leases;
  /** Derived tables, which are brought up to date before the views that read them are computed. */
  readonly derived: readonly DerivedTable[];
  /** Computes the rows of score views. */
  readonly scores: PortfolioScores;
  readonly calendar: BusinessCalendar;
  /** Of this process: how long things take. */
  readonly clock: Clock;
  /** Says what is due and stamps rows; absent: the clock of this process. */
  readonly storeClock?: StoreClock | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Rows that a killed process repeats at most; each shard is one pass over the rows, so small views have one. */
  readonly rowsAShard?: number;
  /** Views of a backfill that are computed at once. */
  readonly viewsAtOnce?: number;
  /** As-ofs of one commit: a backfill into the past rebuilds the visible state once a commit. */
  readonly asOfsACommit?: number;
}

export const storeNow = ({ storeClock, clock }: Pick<MaterializerDeps, 'storeClock' | 'clock'>): Promise<Instant> =>
  storeClock ? storeClock() : Promise.resolve(clock());

/** A view that this process may write to, and the lease that lets it: once the view has a later holder, its writes are rejected. */
export interface LeasedView extends MaterializerDeps {
  readonly view: View;
  readonly lease: Lease<'view'>;
  readonly writer: OfflineWriter;
}

export interface StepProgress {
  /** Within the step: 0 to 1. */
  report(fraction: number): Promise<void>;
  readonly signal: AbortSignal;
}

const ROWS_A_SHARD = 200_000;

export const runOf = (view: View, { id, asOf, knowledge }: RunRecord): Run => ({ id, view, asOf, knowledge });

async function advance({ ledger, lease }: LeasedView, record: RunRecord, change: RunChange): Promise<RunRecord> {
  await ledger.update(record.id, change, lease);
  return { ...record, ...change };
}

/** Changes the runs for which `changeOf` returns a change, all or none; the others stay as they are. */
export async function advanceAll(
  { ledger, lease }: LeasedView,
  records: readonly RunRecord[],
  changeOf: (record: RunRecord) => RunChange | null,
): Promise<readonly RunRecord[]> {
  const changes = records.flatMap((record) => {
    const change = changeOf(record);
    return change ? [{ id: record.id, change }] : [];
  });
  if (changes.length === 0) return records;
  await ledger.updateAll(changes, lease);
  const byId = new Map(changes.map(({ id, change }) => [id, change]));
  return records.map((record) => ({ ...record, ...byId.get(record.id) }));
}

/** Computes a run into its stage, by its kind of view. */
export const computeStage = (leased: LeasedView, run: Run, progress: StepProgress) =>
  kindOf(run.view).stage(leased, run, progress);

/** What a run remembers of its sources. */
export type RunFacts = Pick<NonNullable<RunRecord['counts']>, 'incomplete' | 'derivedAnew'>;

/** STARTED to STAGED: the rows are computed once; everything after it reads the stage. */
export async function stage(
  leased: LeasedView,
  record: RunRecord,
  progress: StepProgress,
  facts: RunFacts = {},
): Promise<RunRecord> {
  if (record.stage !== 'STARTED') return record;
  const imports = await importsOf(leased);
  const counts = await computeStage(leased, runOf(leased.view, record), progress);
  // What a backfill publishes is little; its shards are counted once it is in the history.
  const shards = record.kind === 'BACKFILL' ? 1 : await shardCount(leased, counts.changed);
  return advance(leased, record, { stage: 'STAGED', counts: { ...counts, ...facts, shards, imports } });
}

/** Asked before the rows are read: what is imported meanwhile counts as not read. */
const importsOf = ({ arrivals, view, derived }: LeasedView): Promise<ImportsRead> =>
  arrivals.newest(tablesRead(view, derived));

/** Rows that one stage of several runs holds, about: what a killed process has to compute again. */
const ROWS_A_STAGE = 2_000_000;
/** Runs of one stage where nothing says how many rows a run has. */
const RUNS_OF_UNKNOWN_SIZE = 8;

/**
 * STARTED to STAGED, for runs of a backfill. Where the kind of view allows it, some are computed at once and staged all or none: they share a table.
 */
export async function stageAll(
  leased: LeasedView,
  begun: readonly RunRecord[],
  progress: StepProgress,
): Promise<readonly RunRecord[]> {
  const { view, writer, offline, clock } = leased;
  const records = await withoutUntold(leased, begun);
  const staged: RunRecord[] = records.filter(({ stage: at }) => at !== 'STARTED');
  const waiting = records.filter(({ stage: at }) => at === 'STARTED');
  const done = () => progress.report(staged.length / records.length);
  if (!kindOf(view).sharesStages) {
    for (const record of waiting) {
      progress.signal.throwIfAborted();
      const from = staged.length / records.length;
      const report = (fraction: number) => progress.report(from + fraction / records.length);
      staged.push(await stage(leased, record, { signal: progress.signal, report }));
      await done();
    }
  } else {
    let rowsARun = waiting.length > RUNS_OF_UNKNOWN_SIZE ? (await offline.viewStats(view, clock())).keys : 0;
    while (waiting.length > 0) {
      progress.signal.throwIfAborted();
      const most = rowsARun === 0 ? RUNS_OF_UNKNOWN_SIZE : Math.ceil(ROWS_A_STAGE / rowsARun);
      const batch = waiting.splice(0, most);
      const before = staged.length;
      const imports = await importsOf(leased);
      const counts = await writer.stageRuns(
        batch.map((record) => runOf(view, record)),
        async (runs) => {
          progress.signal.throwIfAborted();
          await progress.report((before + runs) / records.length);
        },
        progress.signal,
      );
      const countsOf = new Map(batch.map(({ id }, index) => [id, counts[index] as StageCounts]));
      staged.push(
        ...(await advanceAll(leased, batch, ({ id }) => ({
          stage: 'STAGED',
          counts: { ...(countsOf.get(id) as StageCounts), shards: 1, imports },
        }))),
      );
      rowsARun = Math.max(1, ...counts.map(({ rows }) => rows));
    }
  }
  const byId = new Map(staged.map((record) => [record.id, record]));
  return records.map(({ id }) => byId.get(id) as RunRecord);
}

/**
 * An earlier release left runs staged that do not say whether their as-of had history: those are computed again, since they would be stamped as if
 * it had none.
 */
async function withoutUntold(leased: LeasedView, records: readonly RunRecord[]): Promise<readonly RunRecord[]> {
  const untold = records.filter(
    ({ stage: at, onlineStamp, counts }) => at === 'STAGED' && onlineStamp === null && counts?.restated === undefined,
  );
  const again = new Map((await discard(leased, untold)).map((record) => [record.id, record]));
  return records.map((record) => again.get(record.id) ?? record);
}

async function shardCount({ offline, view, clock, rowsAShard }: LeasedView, atLeast: number): Promise<number> {
  const { keys } = await offline.viewStats(view, clock());
  return Math.max(1, Math.ceil(Math.max(atLeast, keys) / (rowsAShard ?? ROWS_A_SHARD)));
}

/** Fixes in how many shards the newest rows travel, before the first of them does. */
export async function withShards(leased: LeasedView, committed: RunRecord): Promise<RunRecord> {
  if (committed.counts === null || committed.shardsDone.length > 0) return committed;
  const shards = await shardCount(leased, 0);
  return advance(leased, committed, { counts: { ...committed.counts, shards } });
}

/**
 * STAGED to PUBLISHED: rows become readable online, then the history's stamp is fixed, no earlier than the last of them was readable.
 * @param written receives how many rows became readable
 */
export async function publish(
  leased: LeasedView,
  staged: RunRecord,
  progress: StepProgress,
  written: (rows: number) => void = () => undefined,
): Promise<RunRecord> {
  const { view, offline, online } = leased;
  if (staged.stage !== 'STAGED') return staged;
  const { knowledge } = staged;
  const now = await storeNow(leased);
  if (now < knowledge) throw tooEarly(view, staged);
  const stamp = staged.onlineStamp ?? Math.max(knowledge, now);
  const stamped = staged.onlineStamp === null ? await advance(leased, staged, { onlineStamp: stamp }) : staged;
  const run = runOf(view, stamped);
  const done = await eachShard(leased, stamped, progress, stamped.counts?.changed ?? 0, {
    rows: (shard) => offline.readStage(run, stamp, shard),
    write: async (rows) => written((await online.write(view, rows)).applied),
  });
  return advance(leased, done, {
    stage: 'PUBLISHED',
    historyStamp: Math.max(knowledge, await storeNow(leased)),
    shardsDone: [],
  });
}

/**
 * PUBLISHED to COMMITTED: the stages become history and visible state; scores also go to the table `scores`. `seconds` says what each of the runs
 * took, where their whole way was seen.
 */
export async function commit(
  leased: LeasedView,
  published: readonly RunRecord[],
  seconds?: () => number,
): Promise<readonly RunRecord[]> {
  const { view, writer, metrics } = leased;
  const open = published.filter((record) => record.stage === 'PUBLISHED');
  if (open.length > 0) {
    const stamped = open.map((record) => ({
      run: runOf(view, record),
      availableAt: record.historyStamp ?? record.knowledge,
      restated: record.counts?.restated ?? false,
      ...(record.counts?.setAside && { setAside: record.counts.setAside }),
      ...(record.counts?.setAsideRanges && { setAsideRanges: record.counts.setAsideRanges }),
    }));
    await writer.commitRuns(stamped);
    // Before the mark: a run that dies here records its rows again, which changes nothing.
    await kindOf(view).record(leased, stamped);
    for (const record of open) {
      metrics.count('history_rows', { view: view.id }, record.counts?.changed ?? 0);
      if (view.origin.kind === 'scores') countScores(metrics, view.origin.model.id, record);
    }
  }
  const took = seconds ? { seconds: Math.round(seconds() * 1000) / 1000 } : {};
  return advanceAll(leased, published, ({ stage: at, counts }) =>
    at === 'PUBLISHED' ? { stage: 'COMMITTED', ...(counts && { counts: { ...counts, ...took } }) } : null,
  );
}

/**
 * Brings every key of the online store to the newest offline row: what Redis lost is there again, and rows of the `published` runs get their
 * final stamp.
 * @returns how many rows of other runs were written
 */
export async function rewriteOnline(
  leased: LeasedView,
  { last, published }: { readonly last: RunRecord; readonly published: ReadonlySet<number> },
  progress: StepProgress,
): Promise<number> {
  const { view, offline, online } = leased;
  const at = await storeNow(leased);
  const { keys } = await offline.viewStats(view, at);
  let others = 0;
  await eachShard(leased, last, progress, keys, {
    rows: (shard) => offline.newestRows(view, at, shard),
    write: async (rows) => {
      const isPublished = ({ sequence }: { readonly sequence: number }): boolean => published.has(sequence);
      await online.write(view, rows.filter(isPublished));
      const rest = rows.filter((row) => !isPublished(row));
      others += (await online.write(view, rest)).applied;
    },
  });
  return others;
}

/** Discards stages of which no row is visible yet; their own job, if it comes back, computes them again. */
export async function discard(leased: LeasedView, records: readonly RunRecord[]): Promise<readonly RunRecord[]> {
  if (records.length === 0) return [];
  // Before the first is dropped: a run that is staged by the ledger has its stage.
  const started = await advanceAll(leased, records, ({ stage: at }) =>
    at === 'STARTED' ? null : { stage: 'STARTED', counts: null, shardsDone: [] },
  );
  await dropStages(leased, records);
  return started;
}

export const dropStages = ({ view, writer }: LeasedView, records: readonly RunRecord[]): Promise<void> =>
  writer.dropStages(records.map((record) => runOf(view, record)));

type Rows = Parameters<OnlineStore['write']>[1];

async function eachShard(
  leased: LeasedView,
  record: RunRecord,
  progress: StepProgress,
  expected: number,
  pass: { readonly rows: (shard: Shard) => AsyncIterable<Rows>; readonly write: (rows: Rows) => Promise<void> },
): Promise<RunRecord> {
  const of = record.counts?.shards ?? 1;
  let current = record;
  let written = (expected / of) * record.shardsDone.length;
  for (let index = 0; index < of; index++) {
    if (current.shardsDone.includes(index)) continue;
    for await (const rows of pass.rows({ index, of })) {
      progress.signal.throwIfAborted();
      await pass.write(rows);
      written += rows.length;
      await progress.report(Math.min(1, written / Math.max(1, expected)));
    }
    current = await advance(leased, current, { shardsDone: [...current.shardsDone, index] });
  }
  return current;
}

const tooEarly = (view: View, { asOf, knowledge }: RunRecord): RiskgraphError =>
  new RiskgraphError({
    code: 'BAD_USER_INPUT',
    message: `${view.id} as of ${formatInstant(asOf)} may not be online before ${formatInstant(knowledge)}`,
    hint: 'ask again then; if the schedule is right, check the clock of this machine',
  });
