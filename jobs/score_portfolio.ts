import { defineJob } from 'riskgraph';
import { scorePortfolio } from 'riskgraph/ports/job-contracts';
import { scorableModel, scoreViewId } from 'riskgraph/score-view';
import { parseInstant } from 'riskgraph/time';

export default defineJob({
  ...scorePortfolio,
  description:
    'Scores everyone a model can score as of a local midnight (the newest that is due), into the table scores and the model’s own feature view.',
  needs: ['catalogue', 'materializer'],
  // One run keeps a core busy; a second would only slow both down.
  concurrency: 1,
  run: async ({ jobId, scheduledFor, services, report, signal }, payload) => {
    const model = scorableModel(await services.catalogue.model(payload.model));
    const [view] = await services.catalogue.views([scoreViewId(model)]);
    if (!view) throw new Error(`no view is named ${scoreViewId(model)}`);
    const asOf = payload.asOf == null ? {} : { asOf: parseInstant(payload.asOf, 'asOf') };
    const result = await services.materializer.scorePortfolio(
      { jobId, view, ...asOf, now: scheduledFor },
      { report, signal },
    );
    return { model: model.id, ...result };
  },
});
