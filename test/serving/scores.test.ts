import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Model, View } from '../../src/core/definitions/definitions.js';
import type { FeatureValue } from '../../src/core/definitions/types.js';
import { logOdds } from '../../src/core/helpers/risk-maths.js';
import { DAY } from '../../src/core/helpers/time.js';
import type { ViewRow } from '../../src/core/ports/offline.js';
import type { ScoringService } from '../../src/core/ports/scoring.js';
import { createOnlineStore } from '../../src/online/online-store.js';
import { openRedis } from '../../src/online/redis.js';
import { loadRegistry } from '../../src/registry/load.js';
import { createScorer } from '../../src/scoring/onnx-scorer.js';
import { createOnlineFeatures } from '../../src/serving/online-features.js';
import { createScoring } from '../../src/serving/scores.js';
import { quietLog } from '../support/homes.js';
import { type FreshStore, freshRedis } from '../support/stores.js';
import { linearOnnx, onnxHashOf } from '../support/tiny-onnx.js';
import { ROOT } from '../support/views.js';

const NOW = Date.UTC(2026, 5, 30);
const metrics = { count: () => undefined, observe: () => undefined, gauge: () => undefined };
/** Sums of what was counted, by name and labels. */
const counted = new Map<string, number>();
const counting = {
  count: (name: string, labels: object = {}, by = 1) => {
    const key = [name, ...Object.values(labels)].join(' ');
    counted.set(key, (counted.get(key) ?? 0) + by);
  },
};
const registry = await loadRegistry({ root: ROOT });
const model = registry.models.get('uci_default@1') as Model;
const view = registry.views.get('statement_history@1') as View;
const scorer = createScorer({ executionProvider: 'cpu' });

let redis: FreshStore;
let connection: Awaited<ReturnType<typeof openRedis>>;
let scoring: ScoringService;

const row = (id: string, values: Readonly<Record<string, FeatureValue>> = {}, eventTime = NOW - DAY): ViewRow => {
  const full: Readonly<Record<string, FeatureValue>> = {
    credit_limit: '200000',
    utilization: 0.1,
    months_observed: 6,
    delinquency: [0, 0, 0, 0, 0, 0],
    statement_balance: ['20000', '19000', '18000', '17000', '16000', '15000'],
    amount_paid: ['2000', '2000', '2000', '2000', '2000', '2000'],
    gender: null,
    education: null,
    marital_status: null,
    age: null,
    ...values,
  };
  return {
    key: [id],
    eventTime,
    availableAt: eventTime,
    sequence: 1,
    tombstone: false,
    values: view.features.map(({ name }) => full[name] ?? null),
  };
};

const late = { delinquency: [3, 2, 2, 2, 0, 0], utilization: 0.98, amount_paid: ['0', '0', '0', '0', '0', '0'] };
const nothing = Object.fromEntries(model.features.map(({ feature }) => [feature.name, null]));
const features = ['statement_history@1:utilization', 'statement_history@1:credit_limit'];
/** Answers the utilization, whatever it is: NaN where there is none. */
const linear: Model = {
  ...model,
  id: 'linear@1',
  onnxHash: onnxHashOf(linearOnnx([1, 0])),
  features: features.map((asked) => model.features.find(({ reference }) => reference === asked)) as Model['features'],
  tensors: { input: 'features', probability: 'probability' },
  missing: 'nan',
  // No median of the utilization: the model cannot answer without it.
  card: { medians: [null, 100_000] },
};
let folder: string;

const score = (ids: readonly (string | null)[], options: { explain?: boolean; model?: Model } = {}) =>
  scoring.score({
    model: options.model ?? model,
    entities: { customer_id: ids },
    explain: options.explain ?? false,
    now: NOW,
  });

describe('scores', () => {
  beforeAll(async () => {
    redis = await freshRedis();
    connection = await openRedis({ url: redis.url, log: quietLog, purpose: 'serving' });
    const online = createOnlineStore({
      client: connection.client,
      prefix: 'test',
      clock: () => NOW,
      log: quietLog,
      metrics,
    });
    await online.write(view, [
      row('good'),
      row('late', late),
      row('holes', { utilization: null, delinquency: [0, null, null, null, null, null] }),
      row('empty', nothing),
      row('old', {}, NOW - 4_000 * DAY),
      row('over', { utilization: 1.5 }),
    ]);
    folder = await mkdtemp(join(tmpdir(), 'models-'));
    const onnxPath = join(folder, 'linear.onnx');
    await writeFile(onnxPath, linearOnnx([1, 0]));
    await scorer.open([model, { ...linear, onnxPath }]);
    scoring = createScoring({ features: createOnlineFeatures({ online }), scorer, metrics: counting });
  });
  afterAll(async () => {
    await scorer.close();
    await rm(folder, { recursive: true });
    await connection.close().catch(() => undefined);
    await redis.close();
  });

  it('answers in request order with probability, points and band; high points are safe', async () => {
    const [bad, good, again] = await score(['late', 'good', 'late']);
    expect(bad).toEqual({ ...again });
    expect(good).toMatchObject({ status: 'SCORED', entity: { customer_id: 'good' }, missing: [], scoredAt: NOW });
    expect(bad?.probability).toBeGreaterThan(0.5);
    expect(good?.probability).toBeLessThan(0.2);
    expect(good?.points).toBeGreaterThan(bad?.points ?? 0);
    expect(bad?.band).toBe('E');
    expect(good?.contributions).toBeNull();
  });

  it('hands holes to a model that takes them and names them, and refuses them for one that does not', async () => {
    const [holes] = await score(['holes']);
    expect(holes).toMatchObject({ status: 'SCORED', missing: ['statement_history@1:utilization'] });
    const [refused] = await score(['holes'], { model: { ...model, missing: 'refuse' } });
    expect(refused).toMatchObject({
      status: 'MISSING_FEATURES',
      probability: null,
      points: null,
      scoredAt: null,
      missing: ['statement_history@1:utilization', 'statement_history@1:delinquency'],
    });
  });

  it('scores nobody who has no value of an input that the model requires, and whoever has one', async () => {
    const needs = (...required: string[]) => ({ model: { ...model, required } });
    const [refused] = await score(['holes'], needs('statement_history@1:utilization'));
    expect(refused).toMatchObject({ status: 'MISSING_FEATURES', probability: null });
    const [scored] = await score(['holes'], needs('statement_history@1:credit_limit'));
    expect(scored).toMatchObject({ status: 'SCORED', missing: ['statement_history@1:utilization'] });
  });

  it('scores nobody out of nothing: an unknown customer, a NULL key and a row of NULLs are MISSING_FEATURES', async () => {
    const rows = await score(['nobody', null, 'empty', 'good']);
    expect(rows.map(({ status }) => status)).toEqual([
      'MISSING_FEATURES',
      'MISSING_FEATURES',
      'MISSING_FEATURES',
      'SCORED',
    ]);
    expect(rows[0]?.missing).toEqual(model.features.map(({ reference }) => reference));
  });

  it('scores stale values as they are, names them and the time of the oldest, unless the model refuses them', async () => {
    const all = model.features.map(({ reference }) => reference);
    const [old, good, nobody] = await score(['old', 'good', 'nobody']);
    expect(old).toMatchObject({
      status: 'SCORED',
      missing: [],
      stale: all,
      oldestInput: NOW - 4_000 * DAY,
      error: null,
    });
    expect(good).toMatchObject({ status: 'SCORED', stale: [], oldestInput: NOW - DAY });
    expect(nobody).toMatchObject({
      stale: [],
      oldestInput: null,
      error: 'no input has a value: check the keys, or materialize the views that the model reads',
    });
    const [refused, fresh] = await score(['old', 'good'], { model: { ...model, stale: 'refuse' } });
    expect(refused).toMatchObject({
      status: 'MISSING_FEATURES',
      probability: null,
      scoredAt: null,
      stale: all,
      error: expect.stringContaining(`refuses stale inputs, and ${all.join(', ')} is older`),
    });
    expect(fresh).toEqual(good);
  });

  it('answers ERROR with the reason where the model gives no probability, and the other rows as ever', async () => {
    counted.clear();
    const rows = await score(['good', 'holes', 'over', 'nobody'], { model: linear });
    expect(rows).toMatchObject([
      {
        status: 'SCORED',
        probability: expect.closeTo(0.1, 6),
        outputs: { probability: expect.closeTo(0.1, 6) },
        error: null,
      },
      { status: 'ERROR', error: expect.stringContaining("linear@1 answered NaN in 'probability'") },
      { status: 'ERROR', error: expect.stringContaining("linear@1 answered 1.5 in 'probability'") },
      {
        status: 'MISSING_FEATURES',
        error: 'no input has a value: check the keys, or materialize the views that the model reads',
      },
    ]);
    for (const row of rows.slice(1)) {
      expect(row).toMatchObject({ probability: null, points: null, band: null, outputs: null, scoredAt: null });
    }
    expect(Object.fromEntries(counted)).toEqual({
      'scores linear@1 request SCORED': 1,
      'scores linear@1 request ERROR': 2,
      'scores linear@1 request MISSING_FEATURES': 1,
      'stale_scores linear@1 request': 0,
    });
  });

  it('explains without the features at whose median the model gives no probability', async () => {
    const [good, over] = await score(['good', 'over'], { explain: true, model: linear });
    expect(good?.contributions).toEqual([
      { feature: 'statement_history@1:credit_limit', value: '200000', contribution: 0 },
    ]);
    expect(good?.reasonCodes).toEqual([]);
    expect(over?.contributions).toBeNull();
  });

  it('explains a score by what each feature adds to the log-odds against its median, worst reasons first', async () => {
    const [plain] = await score(['late']);
    const [bad, missing] = await score(['late', 'nobody'], { explain: true });
    expect(bad?.probability).toBe(plain?.probability);
    expect(bad?.contributions?.map(({ feature }) => feature)).toEqual(model.features.map(({ reference }) => reference));
    const delinquency = bad?.contributions?.find(({ feature }) => feature === 'statement_history@1:delinquency');
    expect(delinquency?.value).toEqual([3, 2, 2, 2, 0, 0]);
    expect(delinquency?.contribution).toBeGreaterThan(0.5);
    expect(delinquency?.contribution).toBeLessThan(logOdds(bad?.probability ?? 0) + 10);
    expect(bad?.reasonCodes?.[0]).toBe('statement_history@1:delinquency');
    expect(missing?.contributions).toBeNull();
  });

  it('never scores on part of the data: while the store does not answer, a row is ERROR', async () => {
    await redis.close();
    const [row] = await score(['good']);
    expect(row).toMatchObject({
      status: 'ERROR',
      probability: null,
      oldestInput: null,
      error: expect.stringContaining('could not be read: ask again'),
    });
  });
});
