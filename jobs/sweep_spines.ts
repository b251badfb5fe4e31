import { defineJob } from 'riskgraph';
import { z } from 'zod';

export default defineJob({
  description:
    'Drops uploaded spines from which no training set is made, once they are older than RISKGRAPH_SPINE_DAYS.',
  payload: z.object({}),
  schedule: { every: 'day', at: '04:45' },
  scheduledPayload: () => ({}),
  needs: ['spines'],
  concurrency: 1,
  run: ({ services }) => services.spines.sweep(),
});
