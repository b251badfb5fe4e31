/** Offline to online: computes views as of their scheduled instants, publishes them, and keeps their history. */
import type { View } from '../core/definitions.js';
import { badInput } from '../core/errors.js';
import type { JobProgress, Materializer, RunRecord } from '../core/ports.js';
import { inputsFirst } from '../core/score-view.js';
import { formatInstant, type Instant, type LocalDate } from '../core/time.js';
import { finishLeftRuns } from './recovery.js';
import {
  advanceAll,
  commit,
  dropStages,
  level,
  type MaterializerDeps,
  publish,
  runOf,
  type StepProgress,
  stage,
  stageAll,
  withShards,
} from './run-steps.js';
import { checkAsOf, instantsBetween, newestDue, readableFrom } from './schedule.js';
import { refuseWithoutInputs, settledKnowledge, settleInputs } from './score-inputs.js';

/** As-ofs of one commit: a backfill into the past rebuilds the visible state once a commit. */
const AS_OFS_A_COMMIT = 64;
/** Ten years of days; a longer range is a slip of the pen. */
const MAX_DAYS = 3_660;

export interface ViewResult {
  readonly view: string;
  readonly asOf: string;
  readonly rows: number;
  /** Rows that differ from what was known of this as-of: new history. */
  readonly changed: number;
  /** Rows of the run that became readable online. */
  readonly published: number;
  /** Older rows that the online store had lost. */
  readonly restored: number;
  readonly nullKeys: number;
  /** Of a score view: keys with a score, and those that have none. */
  readonly scored?: number;
  readonly missing?: number;
  /** Rows that went to the table `scores`. */
  readonly written?: number;
}

export interface BackfillResult {
  readonly view: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly asOfs: number;
  readonly rows: number;
  readonly changed: number;
  /** Rows that the online store now holds and did not before. */
  readonly published: number;
  readonly nullKeys: number;
}

export function createMaterializer(deps: MaterializerDeps): Materializer {
  const { ledger, offline, calendar, clock, metrics } = deps;

  const live = (view: View, asOf: Instant, jobId: string, asked: JobProgress): Promise<ViewResult> =>
    ledger.withViewLock(
      view.id,
      async (lost) => {
        const progress = whileHeld(asked, lost);
        const startedAt = clock();
        await offline.createView(view);
        await finishLeftRuns(deps, view, jobId, progress.signal);
        const begun = await ledger.begin({
          ...{ jobId, viewId: view.id, asOf, kind: 'LIVE' },
          knowledge: await settledKnowledge(deps, view, asOf, progress.signal),
        });
        const staged = await stage(deps, view, begun, part(progress, 0, 0.4));
        progress.signal.throwIfAborted();
        await progress.report(0.4);
        const published = await publish(deps, view, staged, part(progress, 0.4, 0.7));
        lost.throwIfAborted();
        const [committed] = (await commit(deps, view, [published])) as [RunRecord];
        const { others: restored } = await level(deps, view, committed, part(progress, 0.75, 1));
        await offline.dropStage(runOf(view, committed));
        const { rows = 0, changed = 0, nullKeys = 0 } = committed.counts ?? {};
        metrics.gauge('view_event_time_seconds', asOf / 1000, { view: view.id });
        metrics.observe('materialize_seconds', (clock() - startedAt) / 1000, { view: view.id });
        return {
          ...{ view: view.id, asOf: formatInstant(asOf), rows, changed, published: changed, restored, nullKeys },
          ...scoreCounts(committed),
        };
      },
      asked.signal,
    );

  /** Stages a chunk of as-ofs and makes them history, stamped as their scheduled runs would have been. */
  const chunk = async (view: View, asOfs: readonly Instant[], jobId: string, progress: JobProgress) => {
    const begun = await ledger.beginAll(
      asOfs.map((asOf) => ({
        ...{ jobId, viewId: view.id, asOf, kind: 'BACKFILL' },
        knowledge: readableFrom(view, asOf),
      })),
    );
    const staged = await stageAll(deps, view, begun, progress);
    progress.signal.throwIfAborted();
    // The stamp first: from here on the runs are carried through, whoever finds them.
    const stamped = await advanceAll(deps, staged, ({ stage: at, knowledge }) =>
      at === 'STAGED' ? { stage: 'PUBLISHED', historyStamp: knowledge } : null,
    );
    const committed = await commit(deps, view, stamped);
    await dropStages(deps, view, committed);
    return committed;
  };

  const past = (view: View, asOfs: readonly Instant[], jobId: string, asked: JobProgress): Promise<BackfillResult> =>
    ledger.withViewLock(
      view.id,
      async (lost) => {
        const progress = whileHeld(asked, lost);
        await offline.createView(view);
        await finishLeftRuns(deps, view, jobId, progress.signal);
        await settleInputs(deps, view, progress.signal);
        const totals = { rows: 0, changed: 0, nullKeys: 0 };
        let last: RunRecord | undefined;
        for (let start = 0; start < asOfs.length; start += AS_OFS_A_COMMIT) {
          const some = asOfs.slice(start, start + AS_OFS_A_COMMIT);
          const within = part(progress, (start / asOfs.length) * 0.9, ((start + some.length) / asOfs.length) * 0.9);
          for (const record of await chunk(view, some, jobId, within)) {
            totals.rows += record.counts?.rows ?? 0;
            totals.changed += record.counts?.changed ?? 0;
            totals.nullKeys += record.counts?.nullKeys ?? 0;
            last = record;
          }
        }
        const written = last
          ? await level(deps, view, await withShards(deps, view, last), part(progress, 0.9, 1))
          : { own: 0, others: 0 };
        const [from, to] = [asOfs[0], asOfs.at(-1)].map((asOf) => (asOf === undefined ? null : formatInstant(asOf)));
        return {
          view: view.id,
          from: from ?? null,
          to: to ?? null,
          asOfs: asOfs.length,
          ...totals,
          published: written.own + written.others,
        };
      },
      asked.signal,
    );

  return {
    async materialize({ jobId, views, asOf, onlyNew = false, now }, progress) {
      if (asOf !== undefined) for (const view of views) checkAsOf(view, asOf, now, calendar);
      const committed = onlyNew ? await ledger.committed(views.map(({ id }) => id)) : new Map<string, Instant>();
      const wanted = inputsFirst(views)
        .map((view) => ({ view, asOf: asOf ?? newestDue(view, now, calendar) }))
        .filter(({ view, asOf: due }) => due > (committed.get(view.id) ?? Number.NEGATIVE_INFINITY));
      const results: ViewResult[] = [];
      for (const [index, { view, asOf: due }] of wanted.entries()) {
        progress.signal.throwIfAborted();
        const within = part(progress, index / wanted.length, (index + 1) / wanted.length);
        results.push(await live(view, due, jobId, within));
      }
      return { views: results };
    },

    async scorePortfolio({ jobId, view, asOf, now }, progress) {
      const due = asOf ?? newestDue(view, now, calendar);
      checkAsOf(view, due, now, calendar);
      await refuseWithoutInputs(deps, view, due);
      const { scored = 0, missing = 0, written = 0, ...result } = await live(view, due, jobId, progress);
      const { changed, published, restored } = result;
      return {
        ...{ view: view.id, asOf: formatInstant(due), scored, missing },
        ...{ changed, written, published, restored },
      };
    },

    async backfill({ jobId, views, from, to, now }, progress) {
      checkRange(from, to);
      const notes: string[] = [];
      const plans = inputsFirst(views).map((view) => {
        const all = instantsBetween(view, from, to, calendar);
        const due = all.filter((asOf) => readableFrom(view, asOf) <= now);
        if (due.length < all.length) notes.push(clamped(view, all.length - due.length, due.at(-1)));
        return { view, due };
      });
      const results: BackfillResult[] = [];
      for (const [index, { view, due }] of plans.entries()) {
        progress.signal.throwIfAborted();
        const within = part(progress, index / plans.length, (index + 1) / plans.length);
        results.push(await past(view, due, jobId, within));
      }
      return { views: results, notes };
    },
  };
}

/** A run that has lost its view stops like one that is cancelled: whoever holds the view now finishes or forgets it. */
const whileHeld = (asked: JobProgress, lost: AbortSignal): JobProgress => ({
  report: (fraction) => asked.report(fraction),
  signal: AbortSignal.any([asked.signal, lost]),
});

/** The part of a whole's progress from `from` to `to`. */
const part = (whole: JobProgress, from: number, to: number): StepProgress => ({
  signal: whole.signal,
  report: (fraction) => whole.report(from + (to - from) * fraction),
});

/** What a run of scores says beside what any run says. */
function scoreCounts({ counts }: RunRecord): Pick<ViewResult, 'scored' | 'missing' | 'written'> {
  if (counts?.tombstones === undefined) return {};
  const { rows, changed, tombstones, restated } = counts;
  // A first run has no score to take back: see PortfolioScores.record.
  return { scored: rows - tombstones, missing: tombstones, written: restated ? changed : changed - tombstones };
}

const clamped = (view: View, left: number, last: Instant | undefined): string =>
  `${view.id}: ${left} as-of${left === 1 ? '' : 's'} not due yet left out; ${
    last === undefined ? 'none is due' : `the last one is ${formatInstant(last)}`
  }`;

function checkRange(from: LocalDate, to: LocalDate): void {
  if (from > to) throw badInput(`the range ends on ${to}, before it begins on ${from}`, 'swap from and to');
  const days = (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1;
  if (days > MAX_DAYS) {
    throw badInput(
      `the range has ${days} days; at most ${MAX_DAYS} fit one backfill`,
      'ask for it in several parts, oldest first',
    );
  }
}
