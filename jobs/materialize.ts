import { defineJob } from 'riskgraph';
import { materialize } from 'riskgraph/ports/job-contracts';
import { parseInstant } from 'riskgraph/time';

export default defineJob({
  ...materialize,
  description:
    'Computes feature views as of an instant (the newest that is due), or once more with what is known now, and brings the online store up to date.',
  needs: ['catalogue', 'materializer'],
  // Each view has a lease of its own: two jobs of disjoint views may run side by side.
  concurrency: 2,
  run: async ({ jobId, scheduledFor, services, report, signal }, payload) => {
    const views = await services.catalogue.views(payload.views ?? undefined);
    const asOf = payload.asOf == null ? {} : { asOf: parseInstant(payload.asOf, 'asOf') };
    const request = { jobId, views, ...asOf, now: scheduledFor };
    return payload.republish
      ? services.materializer.republish(request, { report, signal })
      : services.materializer.materialize(request, { report, signal });
  },
});
