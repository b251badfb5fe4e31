import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inputColumns, ModelInputs } from '../../src/core/compute/model-inputs.js';
import { sequenceProblems } from '../../src/core/compute/model-tensors.js';
import type { SequenceTensor } from '../../src/core/definitions/define-model.js';
import type { Model, StoredModel } from '../../src/core/definitions/definitions.js';
import type { FeatureType } from '../../src/core/definitions/types.js';
import { loadRegistry } from '../../src/registry/load.js';
import { createScorer } from '../../src/scoring/onnx-scorer.js';
import { linearOnnx, lookupOnnx, onnxHashOf, sequenceOnnx } from '../support/tiny-onnx.js';
import { ROOT } from '../support/views.js';

const CARD = `${ROOT}models/uci_default/card.json`;
const { models } = await loadRegistry({ root: ROOT });
const uci = models.get('uci_default@1') as Model;
const columns = inputColumns(uci);

interface Example {
  readonly inputs: readonly (number | null)[];
  readonly probability: number;
}
const examples = uci.card.examples as readonly Example[];
const rowOf = ({ inputs }: Example): number[] => inputs.map((value) => value ?? Number.NaN);

describe('the scorer', () => {
  const scorer = createScorer({ executionProvider: 'cpu' });
  beforeAll(() => scorer.open([...models.values()]));
  afterAll(() => scorer.close());

  it('answers as the library that trained the model did', async () => {
    const inputs = Float32Array.from(examples.flatMap(rowOf));
    const { probabilities: answer } = await scorer.predict(uci, inputs, examples.length);
    for (const [index, { probability }] of examples.entries()) expect(answer[index]).toBeCloseTo(probability, 5);
  });

  it('gives a row the same answer alone, in another order and in a batch of many runs', async () => {
    const rows = 10_000;
    const matrix = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row++) matrix.set(rowOf(examples[row % examples.length] as Example), row * columns);
    const { probabilities: answer } = await scorer.predict(uci, matrix, rows);
    const wrong = [...answer].filter(
      (p, row) => Math.abs(p - (examples[row % examples.length] as Example).probability) > 1e-5,
    );
    expect(wrong).toEqual([]);
  });

  it('takes missing inputs as NaN and no rows as no rows', async () => {
    const [p] = (await scorer.predict(uci, new Float32Array(columns).fill(Number.NaN), 1)).probabilities;
    expect(p).toBeGreaterThan(0);
    expect(p).toBeLessThan(1);
    expect((await scorer.predict(uci, new Float32Array(0), 0)).probabilities).toHaveLength(0);
  });

  it('has a card that belongs to the weights and to the definition', async () => {
    expect(onnxHashOf(await readFile(uci.onnxPath))).toBe(uci.card.onnxSha256);
    expect(uci.features.map(({ reference }) => reference)).toEqual(uci.card.features);
    const { auc } = (uci.card.heldOut as { auc: { mean: number } }) ?? {};
    expect(auc.mean).toBeGreaterThan(0.77);
    expect(auc.mean).toBeLessThan(0.82);
  });
});

describe('a model that answers no probability', () => {
  const scorer = createScorer({ executionProvider: 'cpu' });
  const utilization = uci.features.find(({ feature }) => feature.type === 'FLOAT64') as Model['features'][number];
  let folder: string;

  const tiny = async (name: string, file: Buffer): Promise<Model> => {
    const onnxPath = join(folder, `${name}.onnx`);
    await writeFile(onnxPath, file);
    const model: Model = {
      ...uci,
      id: `${name}@1`,
      file: name,
      onnxPath,
      onnxHash: onnxHashOf(file),
      features: [utilization],
      tensors: { input: 'features', probability: 'probability' },
      card: { medians: [0.1] },
    };
    await scorer.open([model]);
    return model;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'models-'));
  });
  afterAll(async () => {
    await scorer.close();
    await rm(folder, { recursive: true });
  });

  it('is handed on as it answers: what counts as a score is judged in one place', async () => {
    const model = await tiny('linear', linearOnnx([1]));
    const { probabilities, failures } = await scorer.predict(model, Float32Array.of(0.25, Number.NaN, 1.5), 3);
    expect([...probabilities]).toEqual([0.25, Number.NaN, 1.5]);
    expect(failures.size).toBe(0);
  });

  it('costs no other row its answer where it fails on one, in batches of one and of many runs', async () => {
    const model = await tiny('lookup', lookupOnnx([0.125, 0.25]));
    const rows = 9_000;
    const bad = new Set([0, 17, 4_095, 4_096, 8_999]);
    const matrix = Float32Array.from({ length: rows }, (_, row) => (bad.has(row) ? 7 : row % 2));
    const { probabilities, failures } = await scorer.predict(model, matrix, rows);
    expect([...failures.keys()]).toEqual([...bad]);
    expect(failures.get(17)).toMatch(/^lookup@1 failed on the row: .*idx=… /);
    const wrong = [...probabilities].filter(
      (p, row) => !Object.is(p, bad.has(row) ? Number.NaN : [0.125, 0.25][row % 2]),
    );
    expect(wrong).toEqual([]);
  });
});

describe('a model of sequences', () => {
  const scorer = createScorer({ executionProvider: 'cpu' });
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'models-'));
  });
  afterAll(async () => {
    await scorer.close();
    await rm(folder, { recursive: true });
  });

  const input = (name: string, type: FeatureType): Model['features'][number] => {
    const [stored] = uci.features as StoredModel['features'];
    if (!stored) throw new Error('the model has no features');
    return {
      ...stored,
      reference: `months@1:${name}`,
      feature: { name, type, description: name, length: 3, pad: null },
    };
  };
  const history: SequenceTensor = {
    name: 'history',
    channels: ['months@1:dpd', 'months@1:ratio'],
    shape: 'steps_channels',
    order: 'as_view',
    pad: 0,
    mask: { name: 'mask', input: 'months@1:observed' },
  };
  const sequenceModel = async (change: Partial<SequenceTensor> = {}): Promise<Model> => {
    // Steps weigh 100, 10 and 1, by which their order shows; the second channel weighs a thousandth of the first.
    const file = sequenceOnnx([1, 0.001], [100, 10, 1]);
    const onnxPath = join(folder, 'months.onnx');
    await writeFile(onnxPath, file);
    return {
      ...uci,
      id: 'months@1',
      file: 'months',
      onnxPath,
      onnxHash: onnxHashOf(file),
      features: [input('observed', 'ARRAY<BOOLEAN>'), input('dpd', 'ARRAY<INT32>'), input('ratio', 'ARRAY<FLOAT64>')],
      missing: 'refuse',
      tensors: { probability: 'probability', sequences: [{ ...history, ...change }] },
      card: { medians: Array(9).fill(0) },
    };
  };
  /** The answer at a row of values as a view gives them: months newest first, the third not there. */
  const answer = async (model: Model): Promise<number | undefined> => {
    await scorer.open([model]);
    const inputs = new ModelInputs(model);
    inputs.add();
    const values = [
      [true, true, false],
      [3, 2, null],
      [null, 5, null],
    ];
    for (const [position, value] of values.entries()) inputs.set(0, position, { value, status: 'PRESENT' });
    expect(inputs.judge(0)).toMatchObject({ status: 'SCORED', missing: [] });
    return (await scorer.predict(model, inputs.tensor([0]), 1)).probabilities[0];
  };

  it('reads channels, order, padding and mask as the definition says', async () => {
    expect(await answer(await sequenceModel())).toBeCloseTo(100 * 3 + 10 * (2 + 0.005), 3);
    expect(await answer(await sequenceModel({ order: 'reversed' }))).toBeCloseTo(10 * (2 + 0.005) + 1 * 3, 3);
    // A mask is of the step, so the pad of a channel that lacks its value there counts.
    expect(await answer(await sequenceModel({ pad: -1 }))).toBeCloseTo(100 * (3 - 0.001) + 10 * (2 + 0.005), 3);
    expect(await answer(await sequenceModel({ channels: ['months@1:ratio', 'months@1:dpd'] }))).toBeCloseTo(
      100 * 0.003 + 10 * (5 + 0.002),
      3,
    );
  });

  it('is not opened where its file has another shape, and says which', async () => {
    await expect(
      scorer.open([{ ...(await sequenceModel({ shape: 'channels_steps' })), id: 'other@1' }]),
    ).rejects.toThrow("months: input tensor 'history' is [rows, 3, 2], not [rows, 2, 3]");
  });

  it('fits the inputs, or its definition says why not', async () => {
    const { features } = await sequenceModel();
    const problems = (tensors: Model['tensors']) => sequenceProblems({ features, tensors });
    const probability = 'probability';
    expect(problems({ probability, sequences: [history] })).toEqual([]);
    expect(problems({ input: 'history', probability, sequences: [{ ...history, pad: Number.NaN }] })).toEqual([
      "its tensor 'history' is padded with NaN: give a number",
      "two of its input tensors are named 'history'",
      "all inputs are in sequences, so nothing is left for the tensor 'history': leave it out",
    ]);
    expect(
      problems({
        probability,
        sequences: [
          { ...history, channels: ['months@1:dpd', 'months@1:age'], mask: { name: 'mask', input: 'months@1:dpd' } },
        ],
      }),
    ).toEqual([
      "its tensor 'history' names months@1:age, which is no input of it",
      "the mask of its tensor 'history', months@1:dpd, is ARRAY<INT32>, not ARRAY<BOOLEAN>",
      'inputs that are in no sequence have no tensor: name it in tensors.input',
    ]);
  });
});

it('lists everything in which definitions, files and cards disagree, before it opens any', async () => {
  const [feature] = uci.features;
  if (!feature) throw new Error('the model has no features');
  const wrong: readonly Model[] = [
    { ...uci, id: 'a@1', file: 'a', tensors: { input: 'nothing', probability: 'label' } },
    { ...uci, id: 'b@1', file: 'b', features: uci.features.slice(1) },
    { ...uci, id: 'c@1', file: 'c', onnxPath: CARD, onnxHash: onnxHashOf(await readFile(CARD)) },
    { ...uci, id: 'g@1', file: 'g', onnxHash: 'of the file before' },
    { ...uci, id: 'd@1', file: 'd', card: {} },
    {
      ...uci,
      id: 'e@1',
      file: 'e',
      features: [{ ...feature, feature: { ...feature.feature, type: 'STRING' } }, ...uci.features.slice(1)],
    },
  ];
  const problems = await createScorer({ executionProvider: 'cpu' })
    .open(wrong)
    .then(
      () => [],
      (error) => error.details.problems as string[],
    );
  expect(problems).toEqual([
    expect.stringContaining("a: there is no input tensor 'nothing'; the file has 'features'"),
    expect.stringContaining("a: the file also requires the input tensors 'features'"),
    expect.stringContaining("a: output tensor 'label' is int64, not float32"),
    expect.stringContaining("b: input tensor 'features' is [rows, 20], not [rows, 19]"),
    expect.stringContaining("b: card.json has no list 'medians' of 19 numbers"),
    expect.stringContaining('c: uci_default.onnx does not load'),
    'g: uci_default.onnx changed after it was read: put it back, or make it the next version',
    expect.stringContaining("d: card.json has no list 'medians' of 20 numbers"),
    expect.stringContaining('e: input statement_history@1:credit_limit is STRING, which is no number'),
  ]);
});
