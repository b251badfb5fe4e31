import { defineJob } from 'riskgraph';
import { deriveSources } from 'riskgraph/derived-sources';
import { parseInstant } from 'riskgraph/time';
import { z } from 'zod';

export default defineJob({
  description:
    'Computes feature views as of an instant (the newest that is due) and brings the online store up to date.',
  payload: z.object({
    views: z.array(z.string()).min(1).nullish(),
    asOf: z.string().nullish(),
  }),
  // Views are locked one by one; two jobs of disjoint views may run side by side.
  concurrency: 2,
  run: async (context, payload) => {
    const { jobId, scheduledFor, services, report, signal } = context;
    const views = await services.views(payload.views ?? undefined);
    const asOf = payload.asOf == null ? {} : { asOf: parseInstant(payload.asOf, 'asOf') };
    await deriveSources(views, context, asOf);
    return services.materializer.materialize({ jobId, views, ...asOf, now: scheduledFor }, { report, signal });
  },
});
