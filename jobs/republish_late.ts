import { defineJob } from 'riskgraph';
import { z } from 'zod';

/** A round ends well before the next hour's; the newest as-of of each view is published all the same. */
const BUDGET_MS = 20 * 60_000;

export default defineJob({
  description:
    'Publishes again, with what is known now, the as-ofs of which rows came in late, and the newest scores that follow from them.',
  payload: z.object({}),
  // Between two runs of materialize_due: that one has taken what was late for the as-ofs before.
  schedule: { every: 'hour', minute: 16 },
  scheduledPayload: () => ({}),
  needs: ['catalogue', 'materializer', 'republishDays'],
  concurrency: 1,
  run: async ({ jobId, scheduledFor, services, report, signal }) => {
    const views = await services.catalogue.views();
    const request = { jobId, views, now: scheduledFor, days: services.republishDays, budgetMs: BUDGET_MS };
    return services.materializer.republishLate(request, { report, signal });
  },
});
