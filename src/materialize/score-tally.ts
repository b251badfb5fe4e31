/** What became of the keys of a run of scores, counted as its rows pass. */
import type { PortfolioRow, RunRecord } from '../core/ports/materialize.js';
import type { Metrics } from '../core/ports/process.js';

type ScoreCounts = Required<Pick<NonNullable<RunRecord['counts']>, 'stale' | 'failed' | 'error'>>;

export interface ScoreTally {
  /** The same batches, counted once they were read. */
  readonly rows: AsyncIterable<readonly PortfolioRow[]>;
  counts(): ScoreCounts;
}

export function tallyScores(batches: AsyncIterable<readonly PortfolioRow[]>): ScoreTally {
  let stale = 0;
  let failed = 0;
  let reason: string | null = null;
  async function* counted(): AsyncGenerator<readonly PortfolioRow[]> {
    for await (const rows of batches) {
      for (const { status, isStale, error } of rows) {
        if (isStale) stale++;
        if (status !== 'ERROR') continue;
        failed++;
        reason ??= error;
      }
      yield rows;
    }
  }
  return { rows: counted(), counts: () => ({ stale, failed, error: reason }) };
}

type Told = ScoreCounts & { readonly scored: number; readonly missing: number; readonly written: number };

/** What a run of scores reports beside what any run reports; null for a run of another kind. */
export function scoreCounts({ counts }: Pick<RunRecord, 'counts'>): Told | null {
  if (counts?.tombstones === undefined) return null;
  const { rows, changed, tombstones, restated, stale = 0, failed = 0, error = null } = counts;
  return {
    scored: rows - tombstones,
    missing: tombstones - failed,
    stale,
    failed,
    error,
    // A first run has no score to take back: see PortfolioScores.record.
    written: restated ? changed : changed - tombstones,
  };
}

/** Counts the scores of a committed run by status, as those of requests are counted. */
export function countScores(metrics: Metrics, model: string, record: Pick<RunRecord, 'counts'>): void {
  const told = scoreCounts(record);
  if (!told) return;
  const door = 'portfolio';
  metrics.count('scores', { model, door, status: 'SCORED' }, told.scored);
  metrics.count('scores', { model, door, status: 'MISSING_FEATURES' }, told.missing);
  metrics.count('scores', { model, door, status: 'ERROR' }, told.failed);
  metrics.count('stale_scores', { model, door }, told.stale);
}
