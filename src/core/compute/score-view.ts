/** The feature view of a model's scores, and the form of one score. */
import { float64, int32, string } from '../definitions/define-feature.js';
import {
  type Feature,
  type Identity,
  isStored,
  type Model,
  readsStoredOnly,
  type StoredModel,
  type View,
} from '../definitions/definitions.js';
import type { FeatureValue } from '../definitions/types.js';
import { badInput } from '../errors.js';
import { bandOf, pointsOf } from '../helpers/risk-maths.js';
import { parseDuration } from '../helpers/time.js';
import type { Predictions } from '../ports/indicators.js';

export interface Score {
  /** Calibrated P(bad), from 0 to 1. */
  readonly probability: number;
  /** Scorecard points; higher is safer. */
  readonly points: number;
  /** Null for a model without bands, or below all of them. */
  readonly band: string | null;
}

/** Turns a probability into points and band. */
export function scoreOf(model: Pick<Model, 'scale' | 'bands'>, probability: number): Score {
  const points = pointsOf(probability, model.scale);
  return { probability, points, band: bandOf(points, model.bands) };
}

/** A row that a model has run on: its score, or why it has none. */
export type Scored = { readonly score: Score; readonly error: null } | { readonly score: null; readonly error: string };

/** Sums of some hundred float32 leaves or shares miss 0 and 1 by so much; such an answer means the end that it misses. */
const ROUNDING = 1e-5;

const MAX_INT32 = 2 ** 31 - 1;

/** Reads the answer of a model for one row: the one rule of what counts as a score, for requests and portfolios. */
export function scoreAt(
  model: Pick<Model, 'id' | 'scale' | 'bands' | 'tensors'>,
  { probabilities, failures }: Predictions,
  row: number,
): Scored {
  const failure = failures.get(row);
  if (failure !== undefined) return { score: null, error: failure };
  const answer = probabilities[row] as number;
  const what = `${model.id} answered ${Number(answer.toPrecision(7))} in '${model.tensors.probability}'`;
  if (Number.isNaN(answer)) {
    const hint = "a model that cannot take a missing input declares missing: 'refuse'";
    return { score: null, error: `${what}, which is no probability: ${hint}` };
  }
  if (answer < -ROUNDING || answer > 1 + ROUNDING) {
    const hint = 'the tensor must hold P(bad), after its sigmoid or softmax';
    return { score: null, error: `${what}, which is no probability from 0 to 1: ${hint}` };
  }
  const score = scoreOf(model, Math.min(1, Math.max(0, answer)));
  if (Math.abs(score.points) <= MAX_INT32) return { score, error: null };
  return { score: null, error: `${model.id} gives ${score.points} points, which is no 32-bit integer: fix its scale` };
}

const SCORE_FEATURES: readonly Feature[] = Object.entries({
  probability: float64({ description: 'Probability of bad that the model gives', unit: 'fraction' }),
  points: int32({ description: 'The score in points; high = safe', unit: 'points' }),
  band: string({ description: 'Band of the points' }),
} satisfies Readonly<Record<keyof Score, unknown>>).map(([name, spec]) => ({ name, ...spec }));

/** A score's values in the order of the view's features. */
export const scoreValues = ({ probability, points, band }: Score): readonly FeatureValue[] => [
  probability,
  points,
  band,
];

/**
 * A portfolio is scored for each local midnight, an hour after the views that models read are mostly ready. Two days keep a score fresh
 * over one failed run.
 */
const SCHEDULE = { every: 'day', delay: '3h' } as const;
const MAX_AGE = '2d';
const TTL = '400d';

type Named = Pick<Identity, 'name' | 'version'>;

/** `<model>_score@<version>`; a model whose name ends in `_score` already keeps it. */
export const scoreViewName = (model: string): string => (model.endsWith('_score') ? model : `${model}_score`);
export const scoreViewId = ({ name, version }: Named): string => `${scoreViewName(name)}@${version}`;

/** @throws BAD_USER_INPUT for a model that reads on-demand features: a portfolio brings no request for them */
export function scorableModel(model: Model): StoredModel {
  if (readsStoredOnly(model)) return model;
  const computed = model.features.filter((ref) => !isStored(ref)).map(({ reference }) => reference);
  throw badInput(
    `${model.id} reads ${computed.join(', ')}, computed from what a request brings, and a portfolio brings none`,
    'score its entities one request at a time: score(model:, entities:, request:)',
  );
}

/** The view of a model's scores, without its hash. It lives and dies with its model: the same file, owner and version. */
export const scoreViewOf = (model: StoredModel): Omit<View, 'hash'> => ({
  origin: { kind: 'scores', model },
  name: scoreViewName(model.name),
  version: model.version,
  id: scoreViewId(model),
  file: model.file,
  entity: model.entity,
  description: `Scores of the model ${model.id}: ${model.description}`,
  owner: model.owner,
  tags: ['score'],
  schedule: SCHEDULE,
  delayMs: parseDuration(SCHEDULE.delay),
  deadlineMs: null,
  maxAgeMs: parseDuration(MAX_AGE),
  ttlMs: parseDuration(TTL),
  features: SCORE_FEATURES,
  sources: [],
});

/** The properties of a score view that its readers rely on. They are part of its hash, so that changing them here is a changed version. */
export const scoreViewShape = ({ schedule, maxAgeMs, ttlMs, features }: Omit<View, 'hash'>): string =>
  JSON.stringify([schedule, maxAgeMs, ttlMs, features.map(({ name, type }) => [name, type])]);
