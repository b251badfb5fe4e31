/** How runs of each stored kind of view are computed. The other questions of a kind are in core/compute/view-kinds.ts. */
import type { StoredKind, ViewOfKind } from '../core/definitions/definitions.js';
import type { PortfolioScores, RecordedRun } from '../core/ports/materialize.js';
import type { Run, StageCounts } from '../core/ports/offline.js';
import type { OfflineWriter } from '../core/ports/offline-writer.js';
import type { JobProgress } from '../core/ports/progress.js';

interface Parts {
  readonly writer: OfflineWriter;
  readonly scores: PortfolioScores;
}

type RunOf<K extends StoredKind> = Run & { readonly view: ViewOfKind<K> };

interface StoredKindRecord<K extends StoredKind> {
  /**
   * Knowledge time of a late live run: that of its scheduled run, however late it runs; or, for the newest as-of, the time at which it runs, as
   * a request at that moment would be answered.
   */
  readonly late: 'AS_SCHEDULED' | 'AS_KNOWN';
  /** Whether the runs of a backfill are computed several at once: those share a stage, which is there whole or not at all. */
  readonly sharesStages: boolean;
  /** Computes a run into a stage of its own. */
  stage(
    parts: Parts,
    run: RunOf<K>,
    progress: JobProgress,
  ): Promise<StageCounts & { readonly tombstones?: number; readonly restated?: boolean }>;
  /** Writes committed rows to other tables of the kind; repeating it changes nothing. */
  record(parts: Parts, runs: readonly RecordedRun<RunOf<K>>[]): Promise<void>;
}

const query: StoredKindRecord<'query'> = {
  late: 'AS_SCHEDULED',
  sharesStages: true,
  stage: ({ writer }, run) => writer.stageRun(run),
  record: async () => undefined,
};

const scores: StoredKindRecord<'scores'> = {
  // Features published late are no reason to score without them.
  late: 'AS_KNOWN',
  sharesStages: false,
  stage: ({ writer, scores: portfolio }, run, progress) => writer.stageRows(run, portfolio.rows(run, progress)),
  record: ({ scores: portfolio }, runs) => portfolio.record(runs),
};

const STORED_KINDS: { readonly [K in StoredKind]: StoredKindRecord<K> } = { query, scores };

export const kindOf = <K extends StoredKind>({
  origin,
}: {
  readonly origin: { readonly kind: K };
}): StoredKindRecord<K> => STORED_KINDS[origin.kind];
