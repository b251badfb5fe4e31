import { z } from 'zod';
import { defineJob } from '../src/core/define.js';
import { parseInstant } from '../src/core/time.js';

export default defineJob({
  description:
    'Computes feature views as of an instant (the newest that is due) and brings the online store up to date.',
  payload: z.object({
    views: z.array(z.string()).min(1).nullish(),
    asOf: z.string().nullish(),
  }),
  // Views are locked one by one; two jobs of disjoint views may run side by side.
  concurrency: 2,
  run: async ({ jobId, scheduledFor, services, report, signal }, { views, asOf }) =>
    services.materializer.materialize(
      {
        jobId,
        views: await services.views(views ?? undefined),
        ...(asOf == null ? {} : { asOf: parseInstant(asOf, 'asOf') }),
        now: scheduledFor,
      },
      { report, signal },
    ),
});
