/** The chunks of a backfill: each is staged at once and becomes history at once, so that a killed job repeats no more than one. */
import type { Instant } from '../core/helpers/time.js';
import type { RunRecord } from '../core/ports/materialize.js';
import { beginRuns } from './begin-runs.js';
import { progressWithin } from './progress.js';
import { type Readiness, readinessOf } from './readiness.js';
import {
  advanceAll,
  commit,
  dropStages,
  type LeasedView,
  publish,
  type StepProgress,
  stageAll,
  storeNow,
} from './run-steps.js';

const AS_OFS_A_COMMIT = 64;

/** Receives what became of each run. */
export interface Followed {
  published(record: RunRecord, rows: number): void;
  committed(record: RunRecord): void;
}

/**
 * Chunk by chunk, oldest first. A chunk is staged while the one before it is being committed: stages do not look at other as-ofs, but the
 * visible state grows in their order.
 * @returns the last committed run
 */
export async function throughChunks(
  leased: LeasedView,
  asOfs: readonly Instant[],
  jobId: string,
  progress: StepProgress,
  followed: Followed,
): Promise<RunRecord | undefined> {
  const size = leased.asOfsACommit ?? AS_OFS_A_COMMIT;
  let last: RunRecord | undefined;
  let committing: Promise<void> = Promise.resolve();
  try {
    for (let start = 0; start < asOfs.length; start += size) {
      const chunk = asOfs.slice(start, start + size);
      const within = progressWithin(progress, start / asOfs.length, (start + chunk.length) / asOfs.length);
      const staged = await stageChunk(leased, chunk, jobId, within);
      await committing;
      progress.signal.throwIfAborted();
      committing = commitChunk(leased, staged, progress.signal, followed).then((committed) => {
        last = committed.at(-1);
      });
      // Thrown where it is awaited; until then it must not count as unhandled.
      committing.catch(() => undefined);
    }
  } finally {
    // The lease lasts until what is still at work ends, also where a later chunk has failed.
    await committing;
  }
  return last;
}

interface StagedChunk {
  readonly records: readonly RunRecord[];
  /** How long it took to stage. */
  readonly tookMs: number;
}

async function stageChunk(
  leased: LeasedView,
  asOfs: readonly Instant[],
  jobId: string,
  progress: StepProgress,
): Promise<StagedChunk> {
  const { view, clock } = leased;
  const began = clock();
  const now = await storeNow(leased);
  const ready = await readinessOf(leased, view, asOfs);
  const begun = await beginRuns(
    leased,
    asOfs.map((asOf, index) => ({
      jobId,
      asOf,
      kind: 'BACKFILL',
      knowledge: (ready[index] as Readiness).knowledgeAt(now),
    })),
  );
  const records = await stageAll(leased, begun, progress);
  return { records, tookMs: clock() - began };
}

/**
 * Makes a chunk history. A run whose as-of had none is stamped as its scheduled run would have been; what differs from an as-of that had history
 * is published first, and known from then on.
 */
async function commitChunk(
  leased: LeasedView,
  { records, tookMs }: StagedChunk,
  signal: AbortSignal,
  followed: Followed,
): Promise<readonly RunRecord[]> {
  const { clock } = leased;
  const began = clock();
  const published: RunRecord[] = [];
  for (const record of records) {
    const differs = record.counts?.restated && record.counts.changed > 0;
    const unwatched = { signal, report: async () => undefined };
    published.push(
      differs ? await publish(leased, record, unwatched, (rows) => followed.published(record, rows)) : record,
    );
  }
  const now = await storeNow(leased);
  // The stamp before the rows: from here on any process that finds the runs carries them through.
  const stamped = await advanceAll(leased, published, ({ stage: at, knowledge, counts }) =>
    at === 'STAGED'
      ? { stage: 'PUBLISHED', historyStamp: counts?.restated ? Math.max(knowledge, now) : knowledge }
      : null,
  );
  const committed = await commit(leased, stamped, () => (tookMs + clock() - began) / 1000 / records.length);
  committed.forEach(followed.committed);
  await dropStages(leased, committed);
  return committed;
}
