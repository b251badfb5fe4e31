import { cardMedians, inputColumns, ModelInputs, widthOf } from '../core/compute/model-inputs.js';
import { type Score, type Scored, scoreAt } from '../core/compute/score-view.js';
import type { Model } from '../core/definitions/definitions.js';
import type { FeatureStatus, FeatureValue } from '../core/definitions/types.js';
import { logOdds } from '../core/helpers/risk-maths.js';
import type { Instant } from '../core/helpers/time.js';
import type { Scorer } from '../core/ports/indicators.js';
import type { Metrics } from '../core/ports/process.js';
import type { ScoreRow, ScoringService } from '../core/ports/scoring.js';
import type { OnlineFeaturesAnswer, OnlineFeaturesService } from '../core/ports/serving.js';

/** Reason codes per score: as many as regulators and adverse action notices have room for. */
const REASON_CODES = 4;

export interface ScoringParts {
  readonly features: Pick<OnlineFeaturesService, 'read'>;
  readonly scorer: Pick<Scorer, 'predict'>;
  readonly metrics: Pick<Metrics, 'count'>;
}

type Column = OnlineFeaturesAnswer['columns'][number];

/**
 * Scores from the online values of a model's features. A stale value is scored as it is, and named, unless the model refuses it; a row whose
 * features the store could not answer, or to which the model gives no probability, is ERROR. Contributions are log-odds of bad: what the
 * score says now minus what it would say if that one feature stood at the median of the training set.
 */
export function createScoring({ features, scorer, metrics }: ScoringParts): ScoringService {
  return {
    async score({ model, entities, request, explain, now, deadline }) {
      const answer = await features.read({
        features: model.features,
        entities,
        request,
        stalePolicy: 'RETURN',
        now,
        deadline,
      });
      const rows = answer.columns[0]?.values.length ?? 0;
      const inputs = inputsOf(model, answer.columns, rows);
      const judged = Array.from({ length: rows }, (_, row) => inputs.judge(row));
      const ready = judged.flatMap(({ status }, row) => (status === 'SCORED' ? [row] : []));
      const matrix = inputs.tensor(ready);
      const predictions = await scorer.predict(model, matrix, ready.length);
      const answers = ready.map((_, index) => scoreAt(model, predictions, index));
      const effects = explain ? await occlude(scorer, model, matrix, answers) : null;

      const indexOf = new Map(ready.map((row, index) => [row, index]));
      const scores = judged.map((judgement, row): ScoreRow => {
        const common = {
          ...judgement,
          entity: Object.fromEntries(Object.entries(entities).map(([key, values]) => [key, values[row] ?? null])),
          oldestInput: oldestOf(answer.views, row),
        };
        const index = indexOf.get(row);
        if (index === undefined) return { ...UNSCORED, ...common };
        const { score, error } = answers[index] as Scored;
        if (score === null) return { ...UNSCORED, ...common, status: 'ERROR', error };
        const contributions = effects?.flatMap((effect, at) => {
          const contribution = effect[index] as number;
          if (Number.isNaN(contribution)) return [];
          const feature = model.features[at]?.reference as string;
          return [{ feature, value: answer.columns[at]?.values[row] ?? null, contribution }];
        });
        return {
          ...common,
          ...score,
          outputs: { [model.tensors.probability]: score.probability },
          reasonCodes: contributions ? reasonsOf(contributions) : null,
          contributions: contributions ?? null,
          scoredAt: now,
        };
      });
      countScores(metrics, model, scores);
      return scores;
    },
  };
}

/** Event time of the oldest row that an input was read from. */
function oldestOf(views: OnlineFeaturesAnswer['views'], row: number): Instant | null {
  const times = views.map(({ eventTimes }) => eventTimes[row] ?? null).filter((time) => time !== null);
  return times.length === 0 ? null : Math.min(...times);
}

/** Counts the scores of a request by status, and those of stale inputs. */
function countScores(metrics: Pick<Metrics, 'count'>, { id: model }: Model, scores: readonly ScoreRow[]): void {
  for (const { status } of scores) metrics.count('scores', { model, door: 'request', status });
  const stale = scores.filter(({ status, stale: named }) => status === 'SCORED' && named && named.length > 0).length;
  metrics.count('stale_scores', { model, door: 'request' }, stale);
}

const UNSCORED = {
  probability: null,
  points: null,
  band: null,
  outputs: null,
  reasonCodes: null,
  contributions: null,
  scoredAt: null,
} as const;

function inputsOf(model: Model, columns: readonly Column[], rows: number): ModelInputs {
  const inputs = new ModelInputs(model, rows);
  for (let row = 0; row < rows; row++) {
    inputs.add();
    columns.forEach(({ values, statuses }, position) => {
      inputs.set(row, position, { value: values[row] ?? null, status: statuses[row] as FeatureStatus });
    });
  }
  return inputs;
}

/**
 * Computes by occlusion, per feature and row, how much the log-odds change when the feature stands at its median; NaN where the model gives
 * no probability then.
 */
async function occlude(
  scorer: Pick<Scorer, 'predict'>,
  model: Model,
  matrix: Float32Array,
  answers: readonly Scored[],
): Promise<readonly Float64Array[]> {
  const width = inputColumns(model);
  // Checked when the model was opened.
  const medians = cardMedians(model) as Float32Array;
  const effects: Float64Array[] = [];
  let from = 0;
  for (const { feature } of model.features) {
    const to = from + widthOf(feature);
    const changed = matrix.slice();
    for (let row = 0; row < answers.length; row++) changed.set(medians.subarray(from, to), row * width + from);
    const without = await scorer.predict(model, changed, answers.length);
    effects.push(
      Float64Array.from(answers, ({ score }, row) => oddsOf(score) - oddsOf(scoreAt(model, without, row).score)),
    );
    from = to;
  }
  return effects;
}

const oddsOf = (score: Score | null): number => (score === null ? Number.NaN : logOdds(score.probability));

/** The features that raise the risk most, worst first. */
const reasonsOf = (
  contributions: readonly { readonly feature: string; readonly value: FeatureValue; readonly contribution: number }[],
): string[] =>
  contributions
    .filter(({ contribution }) => contribution > 0)
    .sort((a, b) => b.contribution - a.contribution)
    .slice(0, REASON_CODES)
    .map(({ feature }) => feature);
