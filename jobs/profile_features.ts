import { defineJob } from 'riskgraph';
import { profileFeatures } from 'riskgraph/ports/job-contracts';

export default defineJob({
  ...profileFeatures,
  description: 'Measures the features of every committed as-of that has no profile yet, or was restated since.',
  // Twenty minutes after the hourly runs; where they brought nothing new, it costs one statement per view.
  schedule: { every: 'hour', minute: 21 },
  scheduledPayload: () => ({ views: null }),
  needs: ['catalogue', 'profiles'],
  concurrency: 1,
  run: async ({ services, report, signal }, payload) => {
    const views = await services.catalogue.views(payload.views ?? undefined);
    return { views: await services.profiles.refresh(views, { report, signal }) };
  },
});
