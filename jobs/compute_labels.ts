import { defineJob } from 'riskgraph';
import { computeLabels } from 'riskgraph/ports/job-contracts';

export default defineJob({
  ...computeLabels,
  description: 'Computes the outcomes of labels that have become known, and corrects those whose inputs changed since.',
  // After the day before is derived, and its last windows are known.
  schedule: { every: 'day', at: '03:10' },
  scheduledPayload: () => ({ labels: null }),
  needs: ['catalogue', 'labels'],
  concurrency: 1,
  run: async ({ scheduledFor, services, report, signal }, payload) => {
    const labels = await services.catalogue.labels(payload.labels ?? undefined);
    return { labels: await services.labels.compute(labels, { now: scheduledFor }, { report, signal }) };
  },
});
