import { cardMedians, inputColumns, ModelInputs, widthOf } from '../core/compute/model-inputs.js';
import { scoreOf } from '../core/compute/score-view.js';
import type { Model } from '../core/definitions/definitions.js';
import type { FeatureStatus, FeatureValue } from '../core/definitions/types.js';
import { logOdds } from '../core/helpers/risk-maths.js';
import type { Scorer } from '../core/ports/indicators.js';
import type { ScoreRow, ScoringService } from '../core/ports/scoring.js';
import type { OnlineFeaturesAnswer, OnlineFeaturesService } from '../core/ports/serving.js';

/** Reason codes per score: as many as regulators and adverse action notices have room for. */
const REASON_CODES = 4;

export interface ScoringParts {
  readonly features: Pick<OnlineFeaturesService, 'read'>;
  readonly scorer: Scorer;
}

type Column = OnlineFeaturesAnswer['columns'][number];

/**
 * Scores from the online values of a model's features. A stale value is scored as it is; a row whose features the store could not answer
 * is ERROR, never scored on the rest. Contributions are log-odds of bad: what the score says now minus what it would say if that one
 * feature stood at the median of the training set.
 */
export function createScoring({ features, scorer }: ScoringParts): ScoringService {
  return {
    async score({ model, entities, request, explain, now }) {
      const answer = await features.read({ features: model.features, entities, request, stalePolicy: 'RETURN', now });
      const rows = answer.columns[0]?.values.length ?? 0;
      const inputs = inputsOf(model, answer.columns, rows);
      const judged = Array.from({ length: rows }, (_, row) => inputs.judge(row));
      const scored = judged.flatMap(({ status }, row) => (status === 'SCORED' ? [row] : []));
      const matrix = inputs.tensor(scored);
      const probabilities = await scorer.predict(model, matrix, scored.length);
      const effects = explain ? await occlude(scorer, model, matrix, probabilities) : null;

      const indexOf = new Map(scored.map((row, index) => [row, index]));
      return judged.map(({ status, missing }, row): ScoreRow => {
        const entity = Object.fromEntries(Object.entries(entities).map(([key, values]) => [key, values[row] ?? null]));
        const index = indexOf.get(row);
        if (index === undefined) return { ...UNSCORED, entity, status, missing };
        const score = scoreOf(model, probabilities[index] as number);
        const contributions = effects?.map((effect, at) => ({
          feature: model.features[at]?.reference as string,
          value: answer.columns[at]?.values[row] ?? null,
          contribution: effect[index] as number,
        }));
        return {
          entity,
          status,
          ...score,
          outputs: { [model.tensors.probability]: score.probability },
          missing,
          reasonCodes: contributions ? reasonsOf(contributions) : null,
          contributions: contributions ?? null,
          scoredAt: now,
        };
      });
    },
  };
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

/** Computes by occlusion, per feature and row, how much the log-odds change when the feature stands at its median. */
async function occlude(
  scorer: Scorer,
  model: Model,
  matrix: Float32Array,
  probabilities: Float32Array,
): Promise<readonly Float64Array[]> {
  const width = inputColumns(model);
  const rows = probabilities.length;
  // Checked when the model was opened.
  const medians = cardMedians(model) as Float32Array;
  const effects: Float64Array[] = [];
  let from = 0;
  for (const { feature } of model.features) {
    const to = from + widthOf(feature);
    const changed = matrix.slice();
    for (let row = 0; row < rows; row++) changed.set(medians.subarray(from, to), row * width + from);
    const without = await scorer.predict(model, changed, rows);
    effects.push(Float64Array.from(probabilities, (p, row) => logOdds(p) - logOdds(without[row] as number)));
    from = to;
  }
  return effects;
}

/** The features that raise the risk most, worst first. */
const reasonsOf = (
  contributions: readonly { readonly feature: string; readonly value: FeatureValue; readonly contribution: number }[],
): string[] =>
  contributions
    .filter(({ contribution }) => contribution > 0)
    .sort((a, b) => b.contribution - a.contribution)
    .slice(0, REASON_CODES)
    .map(({ feature }) => feature);
