import { defineJob } from 'riskgraph';
import { parseLocalDate } from 'riskgraph/time';
import { z } from 'zod';

export default defineJob({
  description: 'Derives the loan snapshots of every day that is over, and restates those of which inputs came in late.',
  payload: z.object({ through: z.string().nullish() }),
  schedule: { every: 'day', at: '00:30' },
  scheduledPayload: () => ({ through: null }),
  concurrency: 1,
  run: ({ scheduledFor, services, report, signal }, { through }) =>
    services.loanSnapshots.derive(
      { ...(through == null ? {} : { through: parseLocalDate(through, 'through') }), now: scheduledFor },
      { report, signal },
    ),
});
