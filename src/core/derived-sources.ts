import type { View } from './definitions.js';
import type { JobContext, LoanSnapshots } from './ports.js';

/**
 * Brings the loan snapshots to the day that views need before they are computed. Views that do not read them cost nothing, and a book that
 * is up to date next to nothing.
 */
export async function deriveSources(
  views: readonly Pick<View, 'sources'>[],
  { services, scheduledFor, signal }: Pick<JobContext, 'services' | 'scheduledFor' | 'signal'>,
  until: Pick<Parameters<LoanSnapshots['derive']>[0], 'through' | 'asOf'> = {},
): Promise<void> {
  if (!views.some(({ sources }) => sources.includes('loan_snapshots'))) return;
  const unwatched = { signal, report: async () => undefined };
  await services.loanSnapshots.derive({ ...until, now: scheduledFor }, unwatched);
}
