/** Which as-of of each view the schedule computes now, and what the others wait for. */
import type { View } from '../core/definitions/definitions.js';
import { formatInstant, type Instant } from '../core/helpers/time.js';
import type { WaitingView } from '../core/ports/materialize.js';
import { type Readiness, type ReadinessDeps, readiness } from './readiness.js';
import { newestDue, readableFrom } from './schedule.js';

export interface DueRun {
  readonly view: View;
  readonly asOf: Instant;
  readonly ready: Readiness;
}

export interface DueRuns {
  /** In the order asked. */
  readonly runs: readonly DueRun[];
  readonly waiting: readonly WaitingView[];
}

/**
 * Of each view the newest as-of that waits for nothing, where it is newer than what is committed. While the newest waits, the one before is computed:
 * its deadline is over.
 */
export async function dueRuns(
  deps: ReadinessDeps,
  asked: readonly Pick<DueRun, 'view' | 'asOf'>[],
  { now, committed }: { readonly now: Instant; readonly committed: ReadonlyMap<string, Instant> },
): Promise<DueRuns> {
  const runs: DueRun[] = [];
  const waiting: WaitingView[] = [];
  for (const { view, asOf } of asked) {
    const done = committed.get(view.id) ?? Number.NEGATIVE_INFINITY;
    if (asOf <= done) continue;
    const ready = await readiness(deps, view, asOf);
    if (ready.startsAt <= now) {
      runs.push({ view, asOf, ready });
      continue;
    }
    waiting.push({
      view: view.id,
      asOf: formatInstant(asOf),
      until: formatInstant(ready.startsAt),
      for: ready.missingAt(now),
    });
    const before = newestDue(view, readableFrom(view, asOf) - 1, deps.calendar);
    if (before > done) runs.push({ view, asOf: before, ready: await readiness(deps, view, before) });
  }
  return { runs, waiting };
}

/** The same of as-ofs that are computed whether they would wait or not. */
export const withReadiness = (
  deps: ReadinessDeps,
  asked: readonly Pick<DueRun, 'view' | 'asOf'>[],
): Promise<readonly DueRun[]> =>
  Promise.all(asked.map(async ({ view, asOf }) => ({ view, asOf, ready: await readiness(deps, view, asOf) })));
