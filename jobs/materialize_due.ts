import { defineJob } from 'riskgraph';
import { z } from 'zod';

export default defineJob({
  description: 'Computes every feature view whose next as-of has become due since its last run.',
  payload: z.object({}),
  // Delays are mostly whole hours: one minute later what they wait for is due.
  schedule: { every: 'hour', minute: 1 },
  scheduledPayload: () => ({}),
  needs: ['catalogue', 'materializer'],
  concurrency: 1,
  run: async ({ jobId, scheduledFor, services, report, signal }) => {
    const views = await services.catalogue.views();
    return services.materializer.materialize({ jobId, views, onlyNew: true, now: scheduledFor }, { report, signal });
  },
});
