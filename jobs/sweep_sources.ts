import { defineJob } from 'riskgraph';
import { z } from 'zod';

export default defineJob({
  description: 'Removes rows that are a week past the retention of their source table.',
  payload: z.object({}),
  schedule: { every: 'day', at: '04:30' },
  scheduledPayload: () => ({}),
  needs: ['sourceSweep'],
  concurrency: 1,
  run: ({ services, signal }) => services.sourceSweep.sweep(signal),
});
