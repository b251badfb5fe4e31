import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FeatureRef, Model, View } from '../../src/core/definitions/definitions.js';
import { raw } from '../../src/core/definitions/sql.js';
import type { FeatureStatus, FeatureValue } from '../../src/core/definitions/types.js';
import { RiskgraphError } from '../../src/core/errors.js';
import { DAY, formatInstant, HOUR, type Instant } from '../../src/core/helpers/time.js';
import type { Materializer } from '../../src/core/ports/materialize.js';
import type { ScoreRow } from '../../src/core/ports/scoring.js';
import type { OnlineFeaturesAnswer } from '../../src/core/ports/serving.js';
import { createOnlineFeatures } from '../../src/serving/online-features.js';
import { createScoring } from '../../src/serving/scores.js';
import { refsOf } from '../offline/support.js';
import { noMetrics } from '../online/definitions.js';
import { linearOnnx, lookupOnnx, onnxHashOf } from '../support/tiny-onnx.js';
import { type MaterializeFixture, materializeFixture, unwatched } from './fixture.js';
import { migrateSources, openScoring, type Scored, type Scoring, scoredViews } from './scored.js';
import { MIDNIGHT } from './views.js';

/** More than one part of the keys would hold is not needed here: parts are tested where they are read. */
const CUSTOMERS = Array.from({ length: 60 }, (_, index) => `C${index}`);

let fixture: MaterializeFixture;
let scoring: Scoring;
let materializer: Materializer;
let scored: Scored;
let runs = 0;

const jobId = (): string => `job ${runs++}`;
const materialize = (views: readonly View[], more: { readonly asOf?: Instant } = {}) =>
  materializer.materialize({ jobId: jobId(), views, now: fixture.clock.now, ...more }, unwatched());
const score = (asOf?: Instant, id = jobId()) =>
  materializer.scorePortfolio(
    { jobId: id, view: scored.view, now: fixture.clock.now, ...(asOf === undefined ? {} : { asOf }) },
    unwatched(),
  );
const backfill = (views: readonly View[], from: string, to: string) =>
  materializer.backfill({ jobId: jobId(), views, from, to, now: fixture.clock.now }, unwatched());

const factsAt = (at: Instant, factor = 1) =>
  fixture.addFacts(
    CUSTOMERS.map((customer, index) => ({
      customer,
      at,
      amount: (index * 7 + 3) * factor,
      label: index % 10 === 9 ? 'holes' : null,
    })),
  );

interface StoredScore {
  readonly entity_id: string;
  readonly scored_at: string;
  readonly ingested_at: string;
  readonly probability: number;
  readonly points: number;
  readonly band: string | null;
  readonly deleted: number;
}

/** Every version that the table holds of the model's scores, oldest first. */
async function stored(): Promise<StoredScore[]> {
  const rows = await fixture.clickhouse.rows<Record<keyof StoredScore, string | number | null>>(
    'scores',
    raw(`SELECT entity_id, toUnixTimestamp64Milli(s.scored_at) AS scored_at, toUnixTimestamp64Milli(s.ingested_at) AS ingested_at,
      probability, points, band, deleted FROM scores AS s WHERE model = '${scored.model.id}' AND entity = 'customer'
      ORDER BY s.scored_at, s.ingested_at, entity_id`),
  );
  return rows.map((row) => ({
    ...(row as unknown as StoredScore),
    scored_at: formatInstant(Number(row.scored_at)),
    ingested_at: formatInstant(Number(row.ingested_at)),
  }));
}

const spine = (ids: readonly string[], t: Instant) => ({
  customer_id: ids,
  event_timestamp: ids.map(() => formatInstant(t)),
});

/** Values and statuses of a view's features at an instant, by the point-in-time join. */
async function historical(view: View, ids: readonly string[], t: Instant) {
  const { rows } = await fixture.offline.historicalFeatures({
    features: refsOf(view),
    spine: spine(ids, t),
    includeEventTimes: false,
    includeStatuses: true,
  });
  return rows.map((row) => ({
    values: view.features.map((_, index) => row[2 + index * 2] as FeatureValue),
    statuses: view.features.map((_, index) => row[3 + index * 2] as FeatureStatus),
  }));
}

/** What the model says of the features that the point-in-time join gives: the other way to the same scores. */
async function scoredFromHistory(model: Model, ids: readonly string[], t: Instant): Promise<readonly ScoreRow[]> {
  const [{ view }] = model.features as [FeatureRef];
  const found = await historical(view, ids, t);
  const columns = model.features.map((ref) => ({
    name: ref.reference,
    view: view.id,
    type: ref.feature.type,
    values: found.map(({ values }) => values[ref.index] as FeatureValue),
    statuses: found.map(({ statuses }) => statuses[ref.index] as FeatureStatus),
  }));
  const features = { read: async (): Promise<OnlineFeaturesAnswer> => ({ columns, views: [] }) };
  return createScoring({ features, scorer: scoring.scorer, metrics: noMetrics }).score({
    model,
    entities: { customer_id: ids },
    explain: false,
    now: t,
  });
}

const valuesOf = (row: Pick<ScoreRow, 'probability' | 'points' | 'band'>) => [row.probability, row.points, row.band];

beforeAll(async () => {
  fixture = await materializeFixture();
  await migrateSources(fixture.clickhouse);
});
afterAll(async () => {
  await scoring?.scorer.close();
  await fixture?.close();
});

/** Makes everything that the tests score by: a model of the worked one, changed. */
async function scoreBy(change: Parameters<typeof scoredViews>[1] = {}): Promise<void> {
  await scoring?.scorer.close();
  scored = await scoredViews(`m${runs++}_score`, change);
  const { clickhouse, offline, leases, clock } = fixture;
  scoring = await openScoring({ clickhouse, offline, leases, clock: () => clock.now }, [scored.model]);
  materializer = fixture.materializer({ scores: scoring.scores });
  for (const view of [scored.inputs, scored.view]) await fixture.writers.createView(view);
}

beforeEach(async () => {
  await fixture.clearFacts();
  fixture.clock.now = MIDNIGHT + 3 * HOUR;
  await scoreBy();
});

describe('scoring a portfolio', () => {
  it('gives online what the score query answers right after, and the same in history and in the table scores', async () => {
    await factsAt(MIDNIGHT - DAY);
    await materialize([scored.inputs]);
    fixture.clock.now += 20_000;
    const result = await score();
    expect(result).toEqual({
      view: scored.view.id,
      asOf: formatInstant(MIDNIGHT),
      scored: 54,
      missing: 6,
      stale: 0,
      failed: 0,
      error: null,
      changed: 60,
      written: 54,
      published: 60,
      restored: 0,
    });

    const ids = [...CUSTOMERS, 'nobody'];
    const features = createOnlineFeatures({ online: fixture.online });
    const now = fixture.clock.now;
    const answers = await createScoring({ features, scorer: scoring.scorer, metrics: noMetrics }).score({
      model: scored.model,
      entities: { customer_id: ids },
      explain: false,
      now,
    });
    expect(new Set(answers.map(({ points }) => points)).size).toBeGreaterThan(20);
    const { columns } = await features.read({
      features: refsOf(scored.view),
      entities: { customer_id: ids },
      stalePolicy: 'RETURN',
      now,
    });
    const past = await historical(scored.view, ids, now);
    const table = new Map((await stored()).map((row) => [row.entity_id, row]));
    for (const [index, answer] of answers.entries()) {
      const isScored = answer.status === 'SCORED';
      expect(columns.map(({ values }) => values[index])).toEqual(valuesOf(answer));
      expect(columns.map(({ statuses }) => statuses[index])).toEqual(Array(3).fill(isScored ? 'PRESENT' : 'NOT_FOUND'));
      expect(past[index]?.values).toEqual(valuesOf(answer));
      const row = table.get(ids[index] as string);
      expect(row ? valuesOf(row) : [null, null, null]).toEqual(valuesOf(answer));
    }
    expect(table.size).toBe(54);
    expect(table.get('C1')).toMatchObject({
      scored_at: formatInstant(MIDNIGHT + 3 * HOUR),
      ingested_at: formatInstant(MIDNIGHT + 3 * HOUR + 20_000),
    });
  });

  it('twice changes nothing, by the same job or another', async () => {
    await factsAt(MIDNIGHT - DAY);
    await materialize([scored.inputs]);
    await score(undefined, 'the job');
    const before = { table: await stored(), history: await fixture.historyCount(scored.view) };
    expect(await score(undefined, 'the job')).toMatchObject({ scored: 54, missing: 6, changed: 60, written: 54 });
    fixture.clock.now += HOUR;
    expect(await score(MIDNIGHT)).toMatchObject({ scored: 54, missing: 6, changed: 0, written: 0 });
    expect({ table: await stored(), history: await fixture.historyCount(scored.view) }).toEqual(before);
  });

  it('ends the score of who cannot be scored any more, and takes back one of the same as-of', async () => {
    await factsAt(MIDNIGHT - DAY);
    await materialize([scored.inputs]);
    await score();
    fixture.clock.now += HOUR;
    await fixture.addFacts([
      { customer: 'C1', at: MIDNIGHT - HOUR, amount: 4, label: 'gone' },
      { customer: 'C2', at: MIDNIGHT - HOUR, amount: 4, label: 'holes' },
      { customer: 'C3', at: MIDNIGHT - HOUR, amount: 90 },
      { customer: 'C9', at: MIDNIGHT - HOUR, amount: 90 },
    ]);
    await materialize([scored.inputs], { asOf: MIDNIGHT });
    expect(await score()).toMatchObject({ scored: 53, missing: 7, changed: 4, written: 4 });
    const ids = ['C0', 'C1', 'C2', 'C3', 'C9'];
    const statuses = (await historical(scored.view, ids, fixture.clock.now)).map(({ statuses: [status] }) => status);
    expect(statuses).toEqual(['PRESENT', 'NOT_FOUND', 'NOT_FOUND', 'PRESENT', 'PRESENT']);
    const restated = (await stored()).filter(({ ingested_at }) => ingested_at === formatInstant(fixture.clock.now));
    expect(restated.map(({ entity_id, deleted }) => [entity_id, deleted])).toEqual([
      ['C1', 1],
      ['C2', 1],
      ['C3', 0],
      ['C9', 0],
    ]);
    const { offline, online } = await fixture.newest(scored.view);
    expect(online).toEqual(offline);
  });

  it('ends the scores of keys whose inputs have died of age, long after their last row', async () => {
    await factsAt(MIDNIGHT - DAY);
    await materialize([scored.inputs]);
    await score();
    fixture.clock.now += 31 * DAY;
    expect(await score()).toMatchObject({ scored: 0, missing: 60, written: 0 });
    const found = await historical(scored.view, ['C1'], fixture.clock.now);
    expect(found[0]?.statuses[0]).toBe('NOT_FOUND');
  });

  it('scores stale inputs as a request would', async () => {
    await factsAt(MIDNIGHT - DAY);
    await materialize([scored.inputs]);
    fixture.clock.now += 5 * DAY;
    expect(await historical(scored.inputs, ['C1'], fixture.clock.now)).toMatchObject([
      { statuses: Array(5).fill('STALE') },
    ]);
    expect(await score()).toMatchObject({ asOf: formatInstant(MIDNIGHT + 5 * DAY), scored: 54, stale: 54 });
  });

  it('of the newest as-of reads what was published late; of an older one, what was in force at its time', async () => {
    await factsAt(MIDNIGHT - 3 * DAY);
    await backfill([scored.inputs], '2026-02-28', '2026-02-28');
    await factsAt(MIDNIGHT - HOUR, 2);
    fixture.clock.now = MIDNIGHT + 9 * HOUR;
    await materialize([scored.inputs]);
    await score();
    await score(MIDNIGHT - DAY);
    const ids = CUSTOMERS.slice(0, 9);
    const rows = await stored();
    const of = (asOf: Instant) =>
      rows
        .filter(({ scored_at, entity_id }) => scored_at === formatInstant(asOf + 3 * HOUR) && ids.includes(entity_id))
        .map(valuesOf);
    const expected = async (t: Instant) => (await scoredFromHistory(scored.model, ids, t)).map(valuesOf);
    expect(of(MIDNIGHT)).toEqual(await expected(MIDNIGHT + 9 * HOUR));
    expect(of(MIDNIGHT - DAY)).toEqual(await expected(MIDNIGHT - DAY + 3 * HOUR));
    expect(of(MIDNIGHT)).not.toEqual(of(MIDNIGHT - DAY));
    // Neither was there before it was made.
    const [early] = await historical(scored.view, ['C1'], MIDNIGHT + 9 * HOUR - 1);
    expect(early?.statuses[0]).toBe('NOT_FOUND');
    // A backfill reads no less than the late run did, so it takes back no score (rule 27).
    const { views } = await backfill([scored.view], '2026-02-28', '2026-03-01');
    expect(views).toMatchObject([{ done: 2, changed: 0 }]);
    expect(await stored()).toEqual(rows);
  });

  it('says why it cannot: not a midnight, not due, nothing to score', async () => {
    const failure = async (asOf?: Instant): Promise<RiskgraphError> => {
      const error = await score(asOf).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(RiskgraphError);
      return error as RiskgraphError;
    };
    expect(await failure(MIDNIGHT - HOUR)).toMatchObject({ code: 'BAD_USER_INPUT', message: /each midnight of Asia/ });
    expect(await failure(MIDNIGHT + DAY)).toMatchObject({ code: 'BAD_USER_INPUT', message: /may not be seen before/ });
    const nothing = await failure();
    expect(nothing).toMatchObject({ code: 'CONFLICT', message: /none of its inputs had a value/ });
    expect(nothing.hint).toBe(`materialize or backfill ${scored.inputs.id} first`);
    await factsAt(MIDNIGHT - DAY);
    await materialize([scored.inputs]);
    expect(await failure(MIDNIGHT - DAY)).toMatchObject({ code: 'CONFLICT' });
  });
});

describe('a model that gives some rows no probability', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'models-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const scoreByFile = async (file: Buffer, medians: readonly number[], ...references: string[]): Promise<void> => {
    const onnxPath = join(folder, 'tiny.onnx');
    await writeFile(onnxPath, file);
    await scoreBy({
      references: references.map((name) => `statement_history@1:${name}`),
      onnxPath,
      onnxHash: onnxHashOf(file),
      tensors: { input: 'features', probability: 'probability' },
      missing: 'nan',
      card: { medians },
    });
  };

  it('scores the others, ends what was scored before, and says so in result, history, table and query alike', async () => {
    // It answers the utilization: NaN where that is NULL, more than 1 for some.
    await scoreByFile(linearOnnx([1, 0]), [0.1, 1_000], 'utilization', 'credit_limit');
    await fixture.addFacts(CUSTOMERS.map((customer) => ({ customer, at: MIDNIGHT - 2 * DAY, amount: 7 })));
    await materialize([scored.inputs]);
    expect(await score()).toMatchObject({ scored: 60, missing: 0, failed: 0, error: null, written: 60 });

    fixture.clock.now += DAY;
    await factsAt(MIDNIGHT - HOUR);
    await materialize([scored.inputs]);
    const ids = CUSTOMERS;
    const answers = await createScoring({
      features: createOnlineFeatures({ online: fixture.online }),
      scorer: scoring.scorer,
      metrics: noMetrics,
    }).score({ model: scored.model, entities: { customer_id: ids }, explain: false, now: fixture.clock.now });
    const isOver = (index: number) => (index * 7 + 3) % 97 > 70;
    const expected = ids.map((_, index) => (index % 10 === 9 || isOver(index) ? 'ERROR' : 'SCORED'));
    expect(answers.map(({ status }) => status)).toEqual(expected);
    const failed = expected.filter((status) => status === 'ERROR').length;
    expect(failed).toBeGreaterThan(6);

    const result = await score();
    expect(result).toMatchObject({ scored: 60 - failed, missing: 0, failed, written: 60 - failed });
    expect(result.error).toMatch(/answered (NaN|1\.\d+) in 'probability'/);
    const past = await historical(scored.view, ids, fixture.clock.now);
    expect(past.map(({ statuses: [status] }) => status)).toEqual(
      expected.map((status) => (status === 'ERROR' ? 'NOT_FOUND' : 'PRESENT')),
    );
    expect(past.map(({ values }) => values)).toEqual(answers.map(valuesOf));
    const { offline, online } = await fixture.newest(scored.view);
    expect(online).toEqual(offline);
    const told = (await stored()).filter(({ scored_at }) => scored_at === formatInstant(MIDNIGHT + DAY + 3 * HOUR));
    expect(new Map(told.map((row) => [row.entity_id, row.probability]))).toEqual(
      new Map(
        ids.flatMap((id, index) => (expected[index] === 'SCORED' ? [[id, answers[index]?.probability as number]] : [])),
      ),
    );

    const { views } = await backfill([scored.view], '2026-02-28', '2026-03-02');
    expect(views).toMatchObject([{ failed: expect.any(Number) }]);
  });

  it('scores who the model runs for, and fails where it runs for no one: that is no fault of the rows', async () => {
    await scoreByFile(lookupOnnx([0.125, 0.25]), [0], 'utilization');
    // Utilizations from 0 to 1.37 have an entry.
    await factsAt(MIDNIGHT - DAY);
    await materialize([scored.inputs]);
    expect(await score()).toMatchObject({ scored: 54, missing: 6, failed: 0 });
    await scoreByFile(lookupOnnx([]), [0], 'utilization');
    await materialize([scored.inputs]);
    await expect(score()).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('runs for none of'),
    });
  });

  it('refuses stale inputs where the model does: who has no other is MISSING_FEATURES', async () => {
    await scoreBy({ stale: 'refuse' });
    await factsAt(MIDNIGHT - DAY);
    await materialize([scored.inputs]);
    expect(await score()).toMatchObject({ scored: 54, missing: 6, stale: 0 });
    fixture.clock.now += 5 * DAY;
    expect(await score()).toMatchObject({ scored: 0, missing: 60, stale: 0, failed: 0 });
  });
});

describe('a score view among other views', () => {
  it('comes after its inputs, whatever the order in which they are named', async () => {
    await factsAt(MIDNIGHT - DAY);
    const { views } = await materialize([scored.view, scored.inputs]);
    expect(views.map(({ view, rows }) => [view, rows])).toEqual([
      [scored.inputs.id, 60],
      [scored.view.id, 60],
    ]);
  });

  it('is computed once an as-of where only what is due is asked for', async () => {
    await factsAt(MIDNIGHT - DAY);
    const due = async () => {
      const request = { jobId: jobId(), views: [scored.view, scored.inputs], onlyNew: true, now: fixture.clock.now };
      const { views } = await materializer.materialize(request, unwatched());
      return views.map(({ view }) => view);
    };
    expect(await due()).toEqual([scored.inputs.id, scored.view.id]);
    expect(await due()).toEqual([]);
    // Its inputs are due an hour before it.
    fixture.clock.now = MIDNIGHT + DAY + 2 * HOUR;
    expect(await due()).toEqual([scored.inputs.id]);
    fixture.clock.now += HOUR;
    expect(await due()).toEqual([scored.view.id]);
  });

  it('is backfilled as its scheduled runs would have scored: from what was in force three hours after each midnight (rule 2)', async () => {
    await factsAt(MIDNIGHT - 4 * DAY);
    await factsAt(MIDNIGHT - 2 * DAY, 3);
    const { views } = await backfill([scored.view, scored.inputs], '2026-02-26', '2026-03-01');
    expect(views).toMatchObject([
      { view: scored.inputs.id, asOfs: 4 },
      { view: scored.view.id, asOfs: 4, rows: 240 },
    ]);
    const rows = await stored();
    for (const back of [3, 2, 1, 0]) {
      const t = MIDNIGHT - back * DAY + 3 * HOUR;
      const expected = (await scoredFromHistory(scored.model, CUSTOMERS, t)).map(valuesOf);
      expect((await historical(scored.view, CUSTOMERS, t)).map(({ values }) => values)).toEqual(expected);
      const own = rows.filter(({ scored_at }) => scored_at === formatInstant(t));
      expect(new Set(own.map(({ ingested_at }) => ingested_at))).toEqual(new Set([formatInstant(t)]));
      expect(new Map(own.map((row) => [row.entity_id, valuesOf(row)]))).toEqual(
        new Map(
          CUSTOMERS.map((id, index) => [id, expected[index]] as const).filter(([, values]) => values?.[0] !== null),
        ),
      );
      // A training row a moment earlier sees the score of the day before.
      const [before] = await historical(scored.view, ['C1'], t - 1);
      const [dayBefore] = await historical(scored.view, ['C1'], t - DAY);
      expect(before?.values).toEqual(dayBefore?.values);
    }
    expect((await historical(scored.view, ['C1'], MIDNIGHT - 3 * DAY + 3 * HOUR - 1))[0]?.statuses[0]).toBe(
      'NOT_FOUND',
    );
    const again = await backfill([scored.view], '2026-02-26', '2026-03-01');
    expect(again.views).toMatchObject([{ changed: 0 }]);
    expect(await stored()).toEqual(rows);
  });

  it('of which single as-ofs are missing brings those of its inputs that it is made of', async () => {
    await factsAt(MIDNIGHT - 4 * DAY);
    const asOfs = [MIDNIGHT - 2 * DAY, MIDNIGHT];
    const missing = [{ view: scored.view, asOfs }];
    const told = await materializer.estimateAsOfs(missing);
    expect(told).toMatchObject([scored.inputs, scored.view].map(({ id }) => ({ view: { id }, asOfs, rows: 120 })));
    const request = { jobId: jobId(), missing, now: fixture.clock.now };
    expect(await materializer.computeAsOfs(request, unwatched())).toMatchObject(
      [scored.inputs, scored.view].map(({ id }) => ({ view: id, asOfs: 2, rows: 120 })),
    );
    for (const asOf of asOfs) {
      const t = asOf + 3 * HOUR;
      const expected = (await scoredFromHistory(scored.model, CUSTOMERS, t)).map(valuesOf);
      expect((await historical(scored.view, CUSTOMERS, t)).map(({ values }) => values)).toEqual(expected);
    }
    expect(await materializer.estimateAsOfs(missing)).toEqual([]);
    expect(await materializer.computeAsOfs(request, unwatched())).toEqual([]);
  });
});
