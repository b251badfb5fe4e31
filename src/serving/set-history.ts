/** The history that a training set needs and that was never computed: what it costs, and its computation within what the operator allows. */
import { conflict } from '../core/errors.js';
import { formatInstant, type Instant } from '../core/helpers/time.js';
import type { AsOfsEstimate, Materializer, MissingAsOfs } from '../core/ports/materialize.js';
import type { JobProgress } from '../core/ports/progress.js';
import type { TrainingSetEstimate } from '../core/ports/training-sets.js';

/** Most that one set computes, by its estimate. */
export interface HistoryBudget {
  readonly rows: number;
  readonly seconds: number;
}

type HistoryCost = Pick<TrainingSetEstimate, 'missingAsOfs' | 'rowsToCompute' | 'secondsToCompute'>;

/** Of a run of a view that none was measured of. */
const UNMEASURED_SECONDS = 1;

export const costOf = (estimates: readonly AsOfsEstimate[]): HistoryCost => ({
  missingAsOfs: estimates.map(({ view, asOfs }) => ({ view: view.id, asOfs: asOfs.length })),
  rowsToCompute: estimates.reduce((sum, { rows }) => sum + rows, 0),
  secondsToCompute: estimates.reduce(
    (sum, { seconds, asOfs }) => sum + (seconds ?? asOfs.length * UNMEASURED_SECONDS),
    0,
  ),
});

interface HistoryRequest {
  readonly jobId: string;
  readonly missing: readonly MissingAsOfs[];
  readonly budget: HistoryBudget;
  readonly now: Instant;
}

/** @throws CONFLICT with the estimate where it is over the budget; then nothing is computed */
export async function computeHistory(
  history: Pick<Materializer, 'estimateAsOfs' | 'computeAsOfs'>,
  { budget, ...request }: HistoryRequest,
  progress: JobProgress,
): Promise<void> {
  const estimates = await history.estimateAsOfs(request.missing);
  const { rowsToCompute: rows, secondsToCompute: seconds } = costOf(estimates);
  if (rows > budget.rows || seconds > budget.seconds) throw overBudget(estimates, { rows, seconds }, budget);
  await history.computeAsOfs(request, progress);
}

function overBudget(estimates: readonly AsOfsEstimate[], cost: HistoryBudget, budget: HistoryBudget) {
  const lacking = estimates.map(
    ({ view, asOfs }) =>
      `${view.id}: ${asOfs.length} as-of${asOfs.length === 1 ? '' : 's'} from ${at(asOfs[0])} to ${at(asOfs.at(-1))}`,
  );
  return conflict(
    `the history that the rows lack takes about ${cost.rows} rows and ${Math.ceil(cost.seconds)} s to compute, and one set may compute ${budget.rows} rows and ${budget.seconds} s (RISKGRAPH_HISTORY_ROWS, RISKGRAPH_HISTORY_SECONDS): ${lacking.join('; ')}`,
    'ask for rows of fewer days, or ask an operator to backfill these days (npx riskgraph backfill) or to allow more',
  );
}

const at = (asOf: Instant | undefined): string => (asOf === undefined ? '' : formatInstant(asOf));
