import { defineJob } from 'riskgraph';
import { z } from 'zod';

export default defineJob({
  description: 'Derives the gangs of the day that is over: groups of customers whom shared identifiers tie.',
  payload: z.object({}),
  // After the loan snapshots of the day, which say who is bad.
  schedule: { every: 'day', at: '01:00' },
  scheduledPayload: () => ({}),
  needs: ['gangs'],
  concurrency: 1,
  run: ({ scheduledFor, services, report, signal }) => services.gangs.derive({ now: scheduledFor }, { report, signal }),
});
