import { defineJob } from 'riskgraph';
import { z } from 'zod';

export default defineJob({
  description:
    'Removes online values past their ttl, and those that a broken-off retirement left; reads ignore them already, this frees their memory.',
  payload: z.object({}),
  schedule: { every: 'day', at: '04:30' },
  scheduledPayload: () => ({}),
  needs: ['catalogue', 'online'],
  concurrency: 1,
  // By the clock, not by the schedule: a late job must not leave values that have expired since.
  run: async ({ services, now, signal }) =>
    services.online.sweep(now(), signal, await services.catalogue.retiredViews()),
});
