import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DefinitionRoot, emptyRoot, shownFiles } from './definitions.js';
import { instantOf, type Served, serve } from './served.js';
import { tableAfter } from './support.js';

const page = await readFile('docs/concepts.md', 'utf8');
const picture = await readFile('docs/restated-value.svg', 'utf8');
const SHOWN = ['features/customer/income.v1.view.ts', 'features/customer/bureau.v1.view.ts'];
const LABEL = 'dpd30_6m';

let definitions: DefinitionRoot;
let served: Served;

interface Table {
  readonly rows: readonly (readonly unknown[])[];
}

/** What the platform answers for a customer at the instants, each with value, status and event time a feature. */
async function answers(customer: string, features: readonly string[], times: readonly string[]) {
  const { historicalFeatures } = await served.ask<{ historicalFeatures: Table }>(
    `query($features: [String!], $spine: JSONObject!) {
      historicalFeatures(features: $features, spine: $spine, includeStatuses: true, includeEventTimes: true) { columns { name } rows } }`,
    {
      features,
      spine: { customer_id: times.map(() => customer), event_timestamp: times.map(instantOf) },
    },
  );
  return historicalFeatures.rows.map((row) =>
    features.map((_, index) => {
      const [value, status, eventTime] = row.slice(2 + 3 * index, 5 + 3 * index);
      return { value: value === null ? '' : String(value), status, eventTime };
    }),
  );
}

/** A training set of C1's decision as of a local time: content hash and rows. */
async function trainingSet(asOf: string): Promise<{ hash: string; rows: string[][] }> {
  const { createTrainingSet } = await served.ask<{ createTrainingSet: { id: string; job: { id: string } } }>(
    'mutation($input: TrainingSetInput!) { createTrainingSet(input: $input) { id job { id } } }',
    {
      input: {
        name: 'decisions',
        features: ['income@1:monthly_income'],
        spine: { customer_id: ['C1'], event_timestamp: [instantOf(labelRows[0]?.[1] as string)] },
        label: LABEL,
        asOf: instantOf(asOf),
        format: 'CSV',
      },
    },
  );
  await served.finished(createTrainingSet.job.id);
  const { trainingSet: built } = await served.ask<{
    trainingSet: { downloadUrl: string; manifest: { contentHash: string } };
  }>('query($id: ID!) { trainingSet(id: $id) { downloadUrl manifest } }', { id: createTrainingSet.id });
  const file = await (await served.api.fetch('admin', built.downloadUrl)).text();
  const [, ...rows] = file.trimEnd().split('\n');
  return {
    hash: built.manifest.contentHash,
    rows: rows.map((row) => row.split(',').map((cell) => cell.replaceAll('"', '').replace('\\N', ''))),
  };
}

const incomeRows = tableAfter(page, 'income-rows');
const labelRows = tableAfter(page, 'label-rows');

beforeAll(async () => {
  definitions = await emptyRoot();
  const files = (await shownFiles('concepts.md', 'add-a-feature.md')).filter(({ path }) => SHOWN.includes(path));
  expect(files.map(({ path }) => path)).toEqual(SHOWN);
  for (const file of files) await definitions.put(file);
  served = await serve(definitions.root);
  await served.ask('mutation { applyRegistry { problems } }');
  await served.load(
    'customers',
    incomeRows.map(([customer_id, registered = '', monthly_income, known = '']) => ({
      customer_id,
      monthly_income,
      registered_at: instantOf(registered),
      ingested_at: instantOf(known),
    })),
  );
  await served.load(
    'customers',
    tableAfter(page, 'bureau-customers').map(([customer_id, registered = '', segment, known = '']) => ({
      customer_id,
      segment,
      registered_at: instantOf(registered),
      ingested_at: instantOf(known),
    })),
  );
  await served.load(
    'external_reports',
    tableAfter(page, 'bureau-reports').map(([report_id, customer_id, requested = '', status, score]) => ({
      report_id,
      customer_id,
      provider: 'bureau',
      product: 'score',
      status,
      requested_at: instantOf(requested),
      values: score ? { bureau_score: Number(score) } : {},
    })),
  );
  await served.load(
    'labels',
    labelRows.map(([entity_id, observed = '', from = '', to = '', known = '', value]) => ({
      entity: 'customer',
      entity_id,
      name: LABEL,
      value: Number(value),
      observed_at: instantOf(observed),
      window_from: instantOf(from),
      window_to: instantOf(to),
      known_at: instantOf(known),
    })),
  );
  await served.run('mutation { backfill(views: ["income@1"], from: "2025-03-02", to: "2025-03-05") { id } }');
  await served.run('mutation { backfill(views: ["bureau@1"], from: "2025-03-02", to: "2025-03-07") { id } }');
});

afterAll(async () => {
  await served?.close();
  await definitions?.close();
});

describe('the restated value', () => {
  test('is published as the page says: each as-of from its available_at on and not a millisecond before', async () => {
    const published = tableAfter(page, 'income-published');
    expect(published.length).toBe(4);
    const just = published.map(([, available = '']) => `${available}:00.000`);
    const before = published.map(([, available = '']) => `${available.replace('02:00', '01:59')}:59.999`);
    const now = await answers('C1', ['income@1:monthly_income'], just);
    expect(now.map(([cell]) => [cell?.eventTime, cell?.value])).toEqual(
      published.map(([asOf = '', , value]) => [instantOf(asOf), value]),
    );
    const then = await answers('C1', ['income@1:monthly_income'], before);
    expect(then.map(([cell]) => cell?.eventTime)).toEqual([
      null,
      ...published.slice(0, -1).map(([asOf = '']) => instantOf(asOf)),
    ]);
  });

  test('is answered as the page says, and a join on event time alone would have leaked', async () => {
    const asked = tableAfter(page, 'income-answers');
    expect(asked.length).toBeGreaterThan(5);
    const given = await answers(
      'C1',
      ['income@1:monthly_income'],
      asked.map(([at = '']) => at),
    );
    expect(given.map(([cell]) => [cell?.value, cell?.status, cell?.eventTime])).toEqual(
      asked.map(([, value, status, eventTime]) => [value, status, eventTime ? instantOf(eventTime) : null]),
    );
    const newest = [...incomeRows].sort(([, , , a = ''], [, , , b = '']) => (a < b ? 1 : -1));
    expect(asked.map(([at = '']) => newest.find(([, happened = '']) => happened <= at)?.[2])).toEqual(
      asked.map(([, , , , , leaking]) => leaking),
    );
  });

  test('grows old as the page says', async () => {
    const asked = tableAfter(page, 'age-answers');
    expect(asked.length).toBe(4);
    const given = await answers(
      'C1',
      ['income@1:monthly_income'],
      asked.map(([at = '']) => at),
    );
    expect(given.map(([cell]) => [cell?.value, cell?.status])).toEqual(
      asked.map(([, value, status]) => [value, status]),
    );
  });
});

/** Texts and marks of the picture: lane, local time, where it stands, what it says. */
const marks = [
  ...picture.matchAll(/<(?:text|circle) data-lane="(\w+)" data-at="([^"]+)" c?x="([\d.]+)"[^>]*?(?:\/>|>([^<]*)<)/g),
].map(([, lane = '', at = '', x, text]) => ({ lane, at, x: Number(x), text }));
const said = (lane: string) => marks.flatMap((mark) => (mark.lane === lane && mark.text ? [[mark.at, mark.text]] : []));

describe('the picture of the restated value', () => {
  test('says what the tables say', () => {
    expect(said('known')).toEqual(incomeRows.map(([, , value, known]) => [known, value]));
    expect(said('published')).toEqual(tableAfter(page, 'income-published').map(([, at, value]) => [at, value]));
    expect(said('asked')).toEqual(tableAfter(page, 'income-answers').map(([at, value]) => [at, value || '–']));
    expect(said('leak')).toEqual([[incomeRows[0]?.[1], incomeRows.at(-1)?.[2]]]);
  });

  test('is drawn to scale', () => {
    const hoursOf = (at: string): number => Date.parse(instantOf(at)) / 3_600_000;
    const [first, ...others] = marks;
    if (!first) throw new Error('the picture has no marks');
    expect(others.length).toBeGreaterThan(10);
    for (const { at, x, text } of others) {
      const expected = first.x + (hoursOf(at) - hoursOf(first.at)) * 6.6;
      // Text stands up to 12 to the right of its instant, or as much to the left where it ends there.
      expect(Math.abs(x - expected), `${at} ${text}`).toBeLessThan(13);
    }
  });
});

test('NULL, fill and tombstone read as the page says', async () => {
  const asked = tableAfter(page, 'bureau-answers');
  const given = await answers(
    'C2',
    ['bureau@1:newest_score', 'bureau@1:last_score'],
    asked.map(([at = '']) => at),
  );
  expect(given.map((cells) => cells.flatMap(({ value, status }) => [value, status]))).toEqual(
    asked.map(([, ...rest]) => rest),
  );
});

test('a label is NULL until it is known, and the set of an as-of is the same again after rows came in', async () => {
  const sets = tableAfter(page, 'label-answers');
  const [before = [], after = []] = sets;
  const [early, late] = [await trainingSet(before[0] as string), await trainingSet(after[0] as string)];
  for (const [set, shown] of [
    [early, before],
    [late, after],
  ] as const) {
    expect(set.rows).toEqual([['C1', expect.any(String), shown[2], shown[3]]]);
  }
  await served.load('customers', [
    {
      customer_id: 'C1',
      monthly_income: 1,
      registered_at: instantOf('2025-03-01 09:00'),
      ingested_at: instantOf('2025-09-06 00:00'),
    },
  ]);
  await served.run('mutation { backfill(views: ["income@1"], from: "2025-09-06", to: "2025-09-07") { id } }');
  expect([(await trainingSet(before[0] as string)).hash, (await trainingSet(after[0] as string)).hash]).toEqual([
    early.hash,
    late.hash,
  ]);
});

test('a customer whom nobody knows has no value', async () => {
  expect(await answers('nobody', ['income@1:monthly_income'], ['2025-03-04 09:00'])).toEqual([
    [{ value: '', status: 'NOT_FOUND', eventTime: null }],
  ]);
});
