/** Restoration of the online store: what Redis lost is written again from the newest rows of history, by itself. */
import type { View } from '../core/definitions/definitions.js';
import { restoreOnline } from '../core/ports/job-contracts.js';
import type { JobLedger, JobQueue } from '../core/ports/jobs.js';
import type { OfflineReader } from '../core/ports/offline.js';
import type { OfflineWriters } from '../core/ports/offline-writer.js';
import type { OnlineContent, OnlineRestorer, OnlineStore } from '../core/ports/online.js';
import type { Clock, Log } from '../core/ports/process.js';
import type { JobProgress } from '../core/ports/progress.js';
import { progressWithin } from './progress.js';

const ROWS_A_SHARD = 200_000;

export interface RestorerParts {
  readonly offline: Pick<OfflineReader, 'viewStats' | 'newestRows'>;
  readonly writers: Pick<OfflineWriters, 'createView'>;
  readonly online: Pick<OnlineStore, 'write'>;
  readonly content: OnlineContent;
  readonly clock: Clock;
}

/** Needs no lease: an older row never overwrites a newer one, so a run of the view may write beside it. */
export function createRestorer({ offline, writers, online, content, clock }: RestorerParts): OnlineRestorer {
  const restoreView = async (view: View, progress: JobProgress): Promise<number> => {
    await writers.createView(view);
    const at = clock();
    const { keys } = await offline.viewStats(view, at);
    const of = Math.max(1, Math.ceil(keys / ROWS_A_SHARD));
    let rows = 0;
    for (let index = 0; index < of; index++) {
      for await (const batch of offline.newestRows(view, at, { index, of })) {
        progress.signal.throwIfAborted();
        await online.write(view, batch);
        rows += batch.length;
        await progress.report(Math.min(1, rows / Math.max(1, keys)));
      }
    }
    return rows;
  };
  return {
    async restore(views, progress) {
      const lost = new Set(await content.lost(views));
      const todo = views.filter(({ id }) => lost.has(id));
      const restored: { view: string; rows: number }[] = [];
      for (const [index, view] of todo.entries()) {
        const within = progressWithin(progress, index / todo.length, (index + 1) / todo.length);
        restored.push({
          view: view.id,
          rows: await content.restoring(view, () => restoreView(view, { ...within, signal: progress.signal })),
        });
      }
      return { views: restored };
    },
  };
}

/** One look at the online store: where it has lost content, a job that restores it is enqueued, unless one is under way. */
export function createContentWatch(options: {
  readonly views: () => readonly View[];
  readonly content: Pick<OnlineContent, 'lost' | 'doubt' | 'evicted'>;
  readonly jobs: Pick<JobLedger, 'list'>;
  readonly queue: Pick<JobQueue, 'enqueue'>;
  readonly log: Pick<Log, 'error'>;
}): () => Promise<void> {
  const { views, content, jobs, queue, log } = options;
  let evictedBefore = 0;
  return async () => {
    const evicted = await content.evicted();
    // A server that was started again counts from 0.
    if (evicted > evictedBefore) {
      log.error({ evicted }, 'Redis evicts keys: every view is restored; set maxmemory-policy noeviction');
      await content.doubt(views());
    }
    evictedBefore = evicted;
    const lost = await content.lost(views());
    if (lost.length === 0) return;
    const [last] = await jobs.list({ name: restoreOnline.name, limit: 1 });
    if (last?.state === 'WAITING' || last?.state === 'ACTIVE') return;
    log.error({ views: lost }, 'the online store has lost content: it is restored from history');
    await queue.enqueue(restoreOnline, {});
  };
}
