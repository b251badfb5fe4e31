import { defineJob } from 'riskgraph';
import { deriveLoanSnapshots } from 'riskgraph/ports/job-contracts';
import { parseLocalDate } from 'riskgraph/time';

export default defineJob({
  ...deriveLoanSnapshots,
  description: 'Derives the loan snapshots of every day that is over, and restates those of which inputs came in late.',
  schedule: { every: 'day', at: '00:30' },
  scheduledPayload: () => ({ through: null }),
  needs: ['loanSnapshots'],
  concurrency: 1,
  run: ({ scheduledFor, services, report, signal }, { through }) =>
    services.loanSnapshots.derive(
      { through: through == null ? undefined : parseLocalDate(through, 'through'), now: scheduledFor },
      { report, signal },
    ),
});
