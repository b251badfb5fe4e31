import { defineJob } from 'riskgraph';
import { deriveSources } from 'riskgraph/derived-sources';
import { z } from 'zod';

export default defineJob({
  description: 'Computes every feature view whose next as-of has become due since its last run.',
  payload: z.object({}),
  // Delays are mostly whole hours: one minute later what they wait for is due.
  schedule: { every: 'hour', minute: 1 },
  scheduledPayload: () => ({}),
  concurrency: 1,
  run: async (context) => {
    const { jobId, scheduledFor, services, report, signal } = context;
    const views = await services.views();
    await deriveSources(views, context);
    return services.materializer.materialize({ jobId, views, onlyNew: true, now: scheduledFor }, { report, signal });
  },
});
