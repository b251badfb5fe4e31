import { defineJob } from 'riskgraph';
import { deriveSources } from 'riskgraph/derived-sources';
import { parseLocalDate } from 'riskgraph/time';
import { z } from 'zod';

export default defineJob({
  description: 'Computes the history of feature views for a range of local days, both ends included.',
  payload: z.object({
    views: z.array(z.string()).min(1),
    from: z.string(),
    to: z.string(),
  }),
  concurrency: 1,
  run: async (context, payload) => {
    const { jobId, scheduledFor, services, report, signal } = context;
    const views = await services.views(payload.views);
    const [from, to] = [parseLocalDate(payload.from, 'from'), parseLocalDate(payload.to, 'to')];
    const range = { views, from, to, now: scheduledFor };
    services.materializer.checkBackfill(range);
    await deriveSources(views, context, { lastDay: to });
    return services.materializer.backfill({ jobId, ...range }, { report, signal });
  },
});
