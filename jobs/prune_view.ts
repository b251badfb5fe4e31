import { defineJob } from 'riskgraph';
import { z } from 'zod';

export default defineJob({
  description: 'Drops the history of a retired version of a view, and what is left of it online.',
  payload: z.object({ view: z.string(), force: z.boolean() }),
  concurrency: 1,
  run: ({ services, report, signal }, { view, force }) => services.pruner.prune(view, { force }, { report, signal }),
});
