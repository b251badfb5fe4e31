import { defineJob } from 'riskgraph';
import { backfill } from 'riskgraph/ports/job-contracts';
import { parseLocalDate } from 'riskgraph/time';

export default defineJob({
  ...backfill,
  description: 'Computes the history of feature views for a range of local days, both ends included.',
  needs: ['catalogue', 'materializer'],
  concurrency: 1,
  run: async ({ jobId, scheduledFor, services, report, signal }, payload) => {
    const views = await services.catalogue.views(payload.views);
    const [from, to] = [parseLocalDate(payload.from, 'from'), parseLocalDate(payload.to, 'to')];
    return services.materializer.backfill({ jobId, views, from, to, now: scheduledFor }, { report, signal });
  },
});
