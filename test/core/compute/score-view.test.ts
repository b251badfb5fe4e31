import { describe, expect, it, test } from 'vitest';
import { ModelInputs } from '../../../src/core/compute/model-inputs.js';
import { scoreAt } from '../../../src/core/compute/score-view.js';
import type { Model } from '../../../src/core/definitions/definitions.js';
import type { FeatureStatus } from '../../../src/core/definitions/types.js';

const model = {
  id: 'risk@1',
  tensors: { input: 'features', probability: 'probability' },
  scale: { points: 600, odds: 1 / 19, pointsToDoubleOdds: 50 },
};
const answered = (answer: number, failures: ReadonlyMap<number, string> = new Map()) =>
  scoreAt(model, { probabilities: Float32Array.of(answer), failures }, 0);

describe('an answer of a model', () => {
  it.each([
    [0.05, 0.05],
    [0, 0],
    [1, 1],
    [1.0000002, 1],
    [-1.19e-7, 0],
  ])('of %d is the probability %d: what float32 sums miss of an end is that end', (answer, probability) => {
    const { score, error } = answered(answer);
    expect(error).toBeNull();
    expect(score?.probability).toBeCloseTo(probability, 7);
    expect(Number.isInteger(score?.points)).toBe(true);
  });

  it.each([
    [Number.NaN, "risk@1 answered NaN in 'probability', which is no probability: a model that cannot take"],
    [1.5, "risk@1 answered 1.5 in 'probability', which is no probability from 0 to 1"],
    [1.2, 'risk@1 answered 1.2 in'],
    [-0.25, 'risk@1 answered -0.25 in'],
    [Number.POSITIVE_INFINITY, 'risk@1 answered Infinity in'],
    [Number.NEGATIVE_INFINITY, 'risk@1 answered -Infinity in'],
  ])('of %d is no score, and says why', (answer, reason) => {
    expect(answered(answer)).toEqual({ score: null, error: expect.stringContaining(reason) });
  });

  it('of a row on which the model fails is no score, with the reason of the failure', () => {
    expect(answered(Number.NaN, new Map([[0, 'it failed']]))).toEqual({ score: null, error: 'it failed' });
  });

  it('on a scale without points is no score', () => {
    const scale = { points: 600, odds: 0, pointsToDoubleOdds: 50 };
    const predictions = { probabilities: Float32Array.of(0.1), failures: new Map() };
    expect(scoreAt({ ...model, scale }, predictions, 0)).toEqual({
      score: null,
      error: expect.stringContaining('fix its scale'),
    });
  });
});

describe('a row of inputs', () => {
  const [a, b] = ['v@1:a', 'v@1:b'];
  const rules = (change: Partial<Pick<Model, 'missing' | 'required' | 'stale'>>) => ({
    features: [a, b].map((reference) => ({ reference, feature: { type: 'FLOAT64' } })) as unknown as Model['features'],
    missing: 'nan' as const,
    ...change,
  });
  const judge = (change: Partial<Pick<Model, 'missing' | 'required' | 'stale'>>, ...statuses: FeatureStatus[]) => {
    const inputs = new ModelInputs(rules(change));
    // The second row, so that the buffers have grown.
    inputs.add();
    const row = inputs.add();
    statuses.forEach((status, position) => {
      const value = status === 'PRESENT' || status === 'STALE' ? 1 : null;
      inputs.set(row, position, { value, status });
    });
    return inputs.judge(row);
  };

  test('with a stale input is scored and names it, where the model says nothing or says so', () => {
    const scored = { status: 'SCORED', missing: [], stale: [b], error: null };
    expect(judge({}, 'PRESENT', 'STALE')).toEqual(scored);
    expect(judge({ stale: 'score' }, 'PRESENT', 'STALE')).toEqual(scored);
  });

  test('with a stale input is refused with its name by a model that says so', () => {
    expect(judge({ stale: 'refuse' }, 'PRESENT', 'STALE')).toEqual({
      status: 'MISSING_FEATURES',
      missing: [],
      stale: [b],
      error: `the model refuses stale inputs, and ${b} is older than its maxAge: materialize its view`,
    });
    expect(judge({ stale: 'refuse' }, 'PRESENT', 'PRESENT')).toMatchObject({ status: 'SCORED', stale: [] });
  });

  test('says every reason why it is refused, and what could not be read before all', () => {
    expect(judge({ required: [a], stale: 'refuse' }, 'NULL', 'STALE').error).toBe(
      `the model requires ${a}, which has no value; the model refuses stale inputs, and ${b} is older than its maxAge: materialize its view`,
    );
    expect(judge({}, 'NOT_FOUND', 'NULL')).toMatchObject({
      status: 'MISSING_FEATURES',
      error: 'no input has a value: check the keys, or materialize the views that the model reads',
    });
    expect(judge({ stale: 'refuse' }, 'ERROR', 'STALE')).toMatchObject({
      status: 'ERROR',
      missing: [a],
      stale: [b],
      error: expect.stringContaining(`${a} could not be read`),
    });
  });
});
