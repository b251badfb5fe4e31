import { defineJob } from 'riskgraph';
import { restoreOnline } from 'riskgraph/ports/job-contracts';

export default defineJob({
  ...restoreOnline,
  description: 'Writes again what Redis has lost, view by view, from the newest rows of history.',
  needs: ['catalogue', 'restorer'],
  concurrency: 1,
  run: async ({ services, report, signal }) =>
    services.restorer.restore(await services.catalogue.views(), { report, signal }),
});
