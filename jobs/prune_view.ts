import { defineJob } from 'riskgraph';
import { pruneView } from 'riskgraph/ports/job-contracts';

export default defineJob({
  ...pruneView,
  description: 'Drops the history of a retired version of a view, and what is left of it online.',
  needs: ['pruner'],
  concurrency: 1,
  run: ({ services, report, signal }, { view, force }) => services.pruner.prune(view, { force }, { report, signal }),
});
