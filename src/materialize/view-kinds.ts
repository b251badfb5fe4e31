/** How runs of each stored kind of view are computed. The other questions of a kind are in core/compute/view-kinds.ts. */
import type { StoredKind, ViewOfKind } from '../core/definitions/definitions.js';
import type { PortfolioScores, RecordedRun, RunLedger, RunRecord } from '../core/ports/materialize.js';
import type { Run } from '../core/ports/offline.js';
import type { OfflineWriter } from '../core/ports/offline-writer.js';
import type { Log } from '../core/ports/process.js';
import type { JobProgress } from '../core/ports/progress.js';
import { tallyScores } from './score-tally.js';

interface Parts {
  readonly writer: OfflineWriter;
  readonly ledger: Pick<RunLedger, 'endsChecked'>;
  readonly scores: PortfolioScores;
  readonly log: Pick<Log, 'warn'>;
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
  ): Promise<Omit<NonNullable<RunRecord['counts']>, 'shards' | 'seconds'>>;
  /** Writes committed rows to other tables of the kind; repeating it changes nothing. */
  record(parts: Parts, runs: readonly RecordedRun<RunOf<K>>[]): Promise<void>;
}

const query: StoredKindRecord<'query'> = {
  late: 'AS_SCHEDULED',
  sharesStages: true,
  stage: async ({ writer, ledger }, run, { signal }) =>
    writer.stageRun(run, { endsChecked: await ledger.endsChecked(run.view.id, run.asOf), signal }),
  record: async () => undefined,
};

const scores: StoredKindRecord<'scores'> = {
  // Features published late are no reason to score without them.
  late: 'AS_KNOWN',
  sharesStages: false,
  async stage({ writer, scores: portfolio, log }, run, progress) {
    const tally = tallyScores(portfolio.rows(run, progress));
    const counts = { ...(await writer.stageRows(run, tally.rows)), ...tally.counts() };
    const { failed, rows, error } = counts;
    // The job goes on: a row that the model cannot score is no reason to keep the others waiting.
    if (failed > 0) log.warn({ view: run.view.id, failed, rows, error }, 'a model gave rows no probability');
    return counts;
  },
  record: ({ scores: portfolio }, runs) => portfolio.record(runs),
};

const STORED_KINDS: { readonly [K in StoredKind]: StoredKindRecord<K> } = { query, scores };

export const kindOf = <K extends StoredKind>({
  origin,
}: {
  readonly origin: { readonly kind: K };
}): StoredKindRecord<K> => STORED_KINDS[origin.kind];
