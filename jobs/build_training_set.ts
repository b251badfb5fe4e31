import { defineJob } from 'riskgraph';
import { z } from 'zod';

export default defineJob({
  description: 'Builds the file of a training set that createTrainingSet recorded.',
  payload: z.object({ id: z.string() }),
  // Each holds a large query; two keep a small one from waiting for a large one.
  concurrency: 2,
  run: ({ services, report, signal }, { id }) => services.trainingSets.run(id, { report, signal }),
});
