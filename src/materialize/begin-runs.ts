import type { Instant } from '../core/helpers/time.js';
import type { RunRecord } from '../core/ports/materialize.js';
import { advanceAll, type LeasedView } from './run-steps.js';

type Begun = Pick<RunRecord, 'jobId' | 'asOf' | 'kind' | 'knowledge'>;

/**
 * Begins runs of the view, each with no less knowledge than an earlier run of its as-of: else it would take back what it cannot see. That holds
 * for a job that comes back, too: its run is where it was, and another job may have published the as-of again since.
 * @param runs with different as-ofs
 */
export async function beginRuns(leased: LeasedView, runs: readonly Begun[]): Promise<readonly RunRecord[]> {
  const { view, ledger } = leased;
  const asOfs = runs.map(({ asOf }) => asOf);
  const done = await ledger.done(view.id, { from: Math.min(...asOfs), to: Math.max(...asOfs) });
  const known = new Map<Instant, Instant>(done.map(({ asOf, knowledge }) => [asOf, knowledge]));
  const least = new Map(runs.map(({ asOf, knowledge }) => [asOf, Math.max(knowledge, known.get(asOf) ?? 0)]));
  const knowledgeOf = ({ asOf }: Pick<RunRecord, 'asOf'>): Instant => least.get(asOf) as Instant;
  const begun = await ledger.beginAll(runs.map((run) => ({ ...run, viewId: view.id, knowledge: knowledgeOf(run) })));
  return advanceAll(leased, begun, (record) =>
    record.stage === 'STARTED' && record.knowledge < knowledgeOf(record) ? { knowledge: knowledgeOf(record) } : null,
  );
}
