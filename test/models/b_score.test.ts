import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inputColumns, widthOf } from '../../src/core/compute/model-inputs.js';
import { scoreOf } from '../../src/core/compute/score-view.js';
import type { Model } from '../../src/core/definitions/definitions.js';
import { loadRegistry } from '../../src/registry/load.js';
import { createScorer } from '../../src/scoring/onnx-scorer.js';
import { ROOT } from '../support/views.js';

const { models, services } = await loadRegistry({ root: ROOT });

interface Example {
  readonly inputs: readonly (number | null)[];
  readonly probability: number;
}
interface Counts {
  readonly rows: number;
  readonly customers: number;
  readonly bads: number;
  readonly customersWithBad: number;
}
interface Card {
  readonly model: string;
  readonly features: readonly string[];
  readonly columns: readonly string[];
  readonly monotone: Readonly<Record<string, 1 | -1>>;
  readonly onnxSha256: string;
  readonly trainingSet: { readonly manifestSha256: string; readonly manifest: Readonly<Record<string, unknown>> };
  readonly split: {
    readonly train: readonly string[];
    readonly test: readonly string[];
    readonly trainRows: Counts;
    readonly testRows: Counts;
  };
  readonly heldOut: {
    readonly auc: number;
    readonly ks: number;
    readonly interval95: { readonly auc: readonly [number, number]; readonly ks: readonly [number, number] };
    readonly ece: number;
    readonly expectedOverObserved: number;
  };
  readonly singleFeatures: readonly { readonly column: string; readonly auc: number; readonly iv: number }[];
  readonly psi: { readonly score: number };
  readonly fairness: readonly { readonly group: string }[];
  readonly examples: readonly Example[];
}
const rowOf = ({ inputs }: Example): number[] => inputs.map((value) => value ?? Number.NaN);

describe.each(['b_score@1', 'b_score@2', 'b_score@3'])('%s', (id) => {
  const model = models.get(id) as Model;
  const card = model.card as unknown as Card;
  const scorer = createScorer({ executionProvider: 'cpu' });
  beforeAll(() => scorer.open([model]));
  afterAll(() => scorer.close());

  it('answers the examples of its card as the library that trained it did, from safe to risky', async () => {
    const inputs = Float32Array.from(card.examples.flatMap(rowOf));
    const { probabilities: answer } = await scorer.predict(model, inputs, card.examples.length);
    for (const [index, { probability }] of card.examples.entries()) expect(answer[index]).toBeCloseTo(probability, 5);
    const points = [...answer].map((probability) => scoreOf(model, probability).points);
    expect(points).toEqual([...points].sort((a, b) => b - a));
    expect(points[0]).toBeGreaterThan((points.at(-1) as number) + 100);
  });

  it('reads exactly what its service pins, in the order of its card', async () => {
    expect(card.model).toBe(id);
    expect(model.features.map(({ reference }) => reference)).toEqual(card.features);
    const service = services.get('b_score@1');
    expect(service?.features.map(({ reference }) => reference).sort()).toEqual([...card.features].sort());
    expect(card.columns).toHaveLength(inputColumns(model));
    const file = await readFile(model.onnxPath);
    expect(createHash('sha256').update(file).digest('hex')).toBe(card.onnxSha256);
  });

  it('never calls a customer safer for being later, nor riskier for what speaks for a customer', async () => {
    const wrong: string[] = [];
    for (const example of card.examples) {
      let at = 0;
      for (const { reference, feature } of model.features) {
        const from = at;
        at += widthOf(feature);
        const sign = card.monotone[reference];
        if (!sign) continue;
        const low = rowOf(example);
        const high = rowOf(example);
        for (let column = from; column < at; column++) {
          low[column] = Number.isNaN(low[column]) ? 0 : (low[column] as number);
          high[column] = (low[column] as number) + 10;
        }
        const { probabilities } = await scorer.predict(model, Float32Array.from([...low, ...high]), 2);
        const [before, after] = probabilities;
        if (sign * ((after as number) - (before as number)) < -1e-6) wrong.push(reference);
      }
    }
    expect(wrong).toEqual([]);
    expect(Object.keys(card.monotone).length).toBeGreaterThan(15);
  });

  it('was judged on months after every label that it learned from, on people enough', () => {
    const { train, test, trainRows, testRows } = card.split;
    const windowEnd = new Date(`${train.at(-1)}T00:00:00Z`);
    windowEnd.setUTCMonth(windowEnd.getUTCMonth() + 6);
    expect(windowEnd.getTime()).toBeLessThan(Date.parse(`${test[0]}T00:00:00Z`));
    expect(testRows.bads).toBeGreaterThan(200);
    expect(trainRows.customersWithBad).toBeGreaterThan(200);
  });

  it('separates as well as the book allows and no better: above that it would have seen the future', () => {
    const { auc, ks, interval95, ece, expectedOverObserved } = card.heldOut;
    expect(auc).toBeGreaterThanOrEqual(0.76);
    expect(auc).toBeLessThanOrEqual(0.84);
    expect(interval95.auc[0]).toBeLessThan(auc);
    expect(interval95.auc[1]).toBeGreaterThan(auc);
    expect(interval95.auc[1] - interval95.auc[0]).toBeLessThan(0.08);
    expect(ks).toBeGreaterThan(0.3);
    expect(ece).toBeLessThan(0.03);
    expect(expectedOverObserved).toBeGreaterThan(0.7);
    expect(expectedOverObserved).toBeLessThan(1.4);
    expect(card.singleFeatures[0]?.auc).toBeLessThan(0.8);
    expect(card.psi.score).toBeLessThan(0.25);
  });

  it('takes no protected attribute as an input and reports on each of them', () => {
    expect(card.features.filter((name) => /gender|education|marital|birth|age$|province/.test(name))).toEqual([]);
    expect(new Set(card.fairness.map(({ group }) => group))).toEqual(
      new Set(['gender', 'education', 'marital_status', 'age_group']),
    );
  });
});
