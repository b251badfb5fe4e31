import { z } from 'zod';
import { defineJob } from '../src/core/define.js';
import { parseLocalDate } from '../src/core/time.js';

export default defineJob({
  description: 'Computes the history of feature views for a range of local days, both ends included.',
  payload: z.object({
    views: z.array(z.string()).min(1),
    from: z.string(),
    to: z.string(),
  }),
  concurrency: 1,
  run: async ({ jobId, scheduledFor, services, report, signal }, { views, from, to }) =>
    services.materializer.backfill(
      {
        jobId,
        views: await services.views(views),
        from: parseLocalDate(from, 'from'),
        to: parseLocalDate(to, 'to'),
        now: scheduledFor,
      },
      { report, signal },
    ),
});
