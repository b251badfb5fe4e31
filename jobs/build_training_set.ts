import { defineJob } from 'riskgraph';
import { buildTrainingSet } from 'riskgraph/ports/job-contracts';

export default defineJob({
  ...buildTrainingSet,
  description: 'Builds the file of a training set that createTrainingSet recorded.',
  needs: ['trainingSets'],
  // Each holds a large query; two keep a small one from waiting for a large one.
  concurrency: 2,
  run: ({ services, report, signal }, { id }) => services.trainingSets.run(id, { report, signal }),
});
