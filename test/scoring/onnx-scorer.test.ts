import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inputColumns } from '../../src/core/compute/model-inputs.js';
import type { Model } from '../../src/core/definitions/definitions.js';
import { loadRegistry } from '../../src/registry/load.js';
import { createScorer } from '../../src/scoring/onnx-scorer.js';
import { linearOnnx, lookupOnnx, onnxHashOf } from '../support/tiny-onnx.js';
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
