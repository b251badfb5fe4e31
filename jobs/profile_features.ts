import { defineJob } from 'riskgraph';
import { z } from 'zod';

export default defineJob({
  description: 'Measures the features of every committed as-of that has no profile yet, or was restated since.',
  payload: z.object({ views: z.array(z.string()).min(1).nullish() }),
  // Twenty minutes after the hourly runs; where they brought nothing new, it costs one statement per view.
  schedule: { every: 'hour', minute: 21 },
  scheduledPayload: () => ({ views: null }),
  concurrency: 1,
  run: async ({ services, report, signal }, payload) => {
    const views = await services.views(payload.views ?? undefined);
    return { views: await services.profiles.refresh(views, { report, signal }) };
  },
});
