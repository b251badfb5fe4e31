import type { View } from '../definitions/definitions.js';
import { addDays, DAY, type Instant, type LocalDate } from '../helpers/time.js';
import type { JobContext } from '../ports/jobs.js';
import type { LoanSnapshots } from '../ports/sources.js';

type Needed = Pick<View, 'sources' | 'delayMs'>;

/** Source tables whose rows this platform makes of those of others. */
export const DERIVED_TABLES: Readonly<Record<string, readonly string[]>> = {
  loan_snapshots: ['loans', 'installments', 'repayments', 'loan_events'],
};

/**
 * Brings the loan snapshots to the day that views need before they are computed: what is known when the delay of the last as-of is over, which
 * is where its run reads. `lastDay` is the local day of that as-of. Views that do not read them cost nothing, and a book that is up to date
 * next to nothing.
 */
export async function deriveSources(
  views: readonly Needed[],
  { services, scheduledFor, signal }: Pick<JobContext, 'services' | 'scheduledFor' | 'signal'>,
  until: { readonly lastDay?: LocalDate; readonly asOf?: Instant } = {},
): Promise<void> {
  const readers = views.filter(({ sources }) => sources.includes('loan_snapshots'));
  if (readers.length === 0) return;
  const delay = Math.max(...readers.map(({ delayMs }) => delayMs));
  const unwatched = { signal, report: async () => undefined };
  const request: Parameters<LoanSnapshots['derive']>[0] = {
    ...(until.asOf === undefined ? {} : { asOf: until.asOf + delay }),
    ...(until.lastDay === undefined ? {} : { through: addDays(until.lastDay, Math.ceil(delay / DAY)) }),
    now: scheduledFor,
  };
  await services.loanSnapshots.derive(request, unwatched);
}
