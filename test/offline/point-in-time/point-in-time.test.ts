import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { View } from '../../../src/core/definitions/definitions.js';
import { formatInstant } from '../../../src/core/helpers/time.js';
import type { OfflineReader } from '../../../src/core/ports/offline.js';
import type { ClickHouse } from '../../../src/warehouse/client.js';
import { answerAt, type OracleRow, rowInForce } from '../oracle.js';
import {
  BASE,
  keyOf,
  load,
  oracleRows,
  oracleView,
  type Schedule,
  type SpinePoint,
  schedule,
  spinePoints,
  VIEWS,
} from '../schedules.js';
import { collect, type OfflineFixture, offlineOn, openOffline, refsOf, tampered } from '../support.js';

let fixture: OfflineFixture;

beforeAll(async () => {
  fixture = await openOffline();
  for (const view of VIEWS) await fixture.writers.createView(view);
});
afterAll(() => fixture.close());

const batchOf = (size: number) => fc.array(schedule, { minLength: size, maxLength: size, size: 'max' });

const groupByKey = (rows: readonly OracleRow[]): ReadonlyMap<string, readonly OracleRow[]> => {
  const groups = new Map<string, OracleRow[]>();
  for (const row of rows) {
    const id = JSON.stringify(row.key);
    const group = groups.get(id);
    if (group) group.push(row);
    else groups.set(id, [row]);
  }
  return groups;
};

const keyAt = (view: View, point: SpinePoint): readonly (string | null)[] =>
  view.entity.joinKeys.length === 1 ? [point.single] : point.pair;

/** What differs between the store's answer and the oracle's, as a sentence; empty where they agree. */
async function disagreements(
  offline: OfflineReader,
  histories: ReadonlyMap<View, readonly OracleRow[]>,
  points: readonly SpinePoint[],
  asOf?: number,
): Promise<string[]> {
  const table = await offline.historicalFeatures({
    features: VIEWS.flatMap((view) => refsOf(view)),
    spine: {
      passed: points.map((_, index) => index),
      id: points.map(({ single }) => single),
      left_id: points.map(({ pair }) => pair[0]),
      right_id: points.map(({ pair }) => pair[1]),
      event_timestamp: points.map(({ t }) => formatInstant(t)),
    },
    includeEventTimes: true,
    includeStatuses: true,
    ...(asOf !== undefined && { asOf }),
  });
  if (table.rows.length !== points.length) return [`${points.length} rows in, ${table.rows.length} rows out`];
  const groups = new Map([...histories].map(([view, rows]) => [view, groupByKey(rows)]));
  const found: string[] = [];
  table.rows.forEach((row, index) => {
    const point = points[index] as SpinePoint;
    const expected: unknown[] = [index, point.single, ...point.pair, formatInstant(point.t)];
    for (const view of VIEWS) {
      const key = keyAt(view, point);
      const own = groups.get(view)?.get(JSON.stringify(key)) ?? [];
      for (const { name } of view.features) {
        const { value, status, event } = answerAt(own, oracleView(view), key, point.t, name, asOf);
        expected.push(value, status, event === null ? null : formatInstant(event));
      }
    }
    if (JSON.stringify(row) !== JSON.stringify(expected)) {
      found.push(
        `row ${index} ${JSON.stringify(point)}\n  is       ${JSON.stringify(row)}\n  expected ${JSON.stringify(expected)}`,
      );
    }
  });
  return found;
}

async function loadAll(store: ClickHouse, schedules: readonly Schedule[], past = false) {
  const histories = new Map(VIEWS.map((view) => [view, oracleRows(schedules, view, past)] as const));
  for (const [view, rows] of histories) await load(store, view, rows);
  return histories;
}

describe('rules 2 and 5 to 10: the point-in-time join agrees with the oracle', () => {
  test('on thousands of schedules with ties, restatements, tombstones, late and announced rows, NULL keys, duplicates and age limits (rule 6)', async () => {
    await fc.assert(
      fc.asyncProperty(batchOf(500), async (schedules) => {
        const histories = await loadAll(fixture.store, schedules);
        expect((await disagreements(fixture.offline, histories, spinePoints(schedules))).slice(0, 3)).toEqual([]);
      }),
      { numRuns: 8, endOnFailure: true },
    );
  }, 600_000);

  test('also when nothing known after an instant may be seen', async () => {
    await fc.assert(
      fc.asyncProperty(batchOf(300), fc.integer({ min: -1, max: 20 }), async (schedules, after) => {
        const histories = await loadAll(fixture.store, schedules, true);
        const points = spinePoints(schedules);
        expect((await disagreements(fixture.offline, histories, points, BASE + after)).slice(0, 3)).toEqual([]);
      }),
      { numRuns: 4, endOnFailure: true },
    );
  }, 600_000);

  test('rows in force, one by one and as a stream, are the oracle’s', async () => {
    const streamed = [0, 0, 0];
    await fc.assert(
      fc.asyncProperty(batchOf(150), fc.integer({ min: 0, max: 20 }), async (schedules, after) => {
        const histories = await loadAll(fixture.store, schedules);
        const at = BASE + after;
        for (const [view, rows] of histories) {
          const keys = schedules.flatMap((_, number) => [0, 1, 2].map((pair) => keyOf(view, number, pair)));
          const expected = keys.map((key) => {
            const row = rowInForce(rows, oracleView(view), key, at);
            return row === null
              ? null
              : {
                  key,
                  eventTime: row.event,
                  availableAt: row.available,
                  sequence: row.sequence,
                  tombstone: row.tombstone,
                  values: row.tombstone ? [] : view.features.map(({ name }) => row.values[name]),
                };
          });
          expect(await fixture.offline.rowsAt(view, at, keys)).toEqual(expected);
          const shards = await Promise.all(
            [0, 1, 2].map((index) => collect(fixture.offline.newestRows(view, at, { index, of: 3 }))),
          );
          const byKey = (a: { key: readonly string[] }, b: { key: readonly string[] }) =>
            JSON.stringify(a.key) < JSON.stringify(b.key) ? -1 : 1;
          const distinct = new Map(expected.flatMap((row) => (row ? [[JSON.stringify(row.key), row]] : [])));
          expect(shards.flat().sort(byKey)).toEqual([...distinct.values()].sort(byKey));
          for (const [index, shard] of shards.entries()) streamed[index] = (streamed[index] ?? 0) + shard.length;
        }
      }),
      { numRuns: 3, endOnFailure: true },
    );
    // Of all batches together: the rows in force at an early instant are few.
    for (const rows of streamed) expect(rows).toBeGreaterThan(0);
  }, 600_000);
});

test('the generated schedules meet every status, filled values, duplicates and ties', () => {
  const schedules = fc.sample(schedule, { numRuns: 400, seed: 20_260_301 });
  const view = VIEWS[0] as View;
  const rows = groupByKey(oracleRows(schedules, view));
  const points = spinePoints(schedules);
  const answers = points.map((point) => {
    const own = rows.get(JSON.stringify(keyAt(view, point))) ?? [];
    return ['plain', 'kept'].map((name) => answerAt(own, oracleView(view), keyAt(view, point), point.t, name));
  });
  expect(new Set(answers.map(([plain]) => plain?.status))).toEqual(new Set(['PRESENT', 'NULL', 'STALE', 'NOT_FOUND']));
  const unfilled = { ...oracleView(view), lastKnown: [] };
  const filled = points.filter((point, index) => {
    const own = rows.get(JSON.stringify(keyAt(view, point))) ?? [];
    return answers[index]?.[1]?.value !== answerAt(own, unfilled, keyAt(view, point), point.t, 'kept').value;
  });
  expect(filled.length).toBeGreaterThan(50);
  expect(new Set(points.map(({ single, pair, t }) => JSON.stringify([single, pair, t]))).size).toBeLessThan(
    points.length,
  );
  const ties = [...rows.values()].filter((own) => new Set(own.map(({ event }) => event)).size < own.length);
  expect(ties.length).toBeGreaterThan(50);
});

describe('the oracle catches a planted fault', () => {
  const event = 'toUnixTimestamp64Milli(_event_time)';
  const available = 'toUnixTimestamp64Milli(_available_at)';
  const faults: readonly (readonly [string, (text: string) => string])[] = [
    ['values never expire', (text) => text.replaceAll('._event_ms >= ', '._event_ms + 1000000 >= ')],
    ['a value expires one millisecond early', (text) => text.replaceAll('._event_ms >= ', '._event_ms > ')],
    ['a value is seen one millisecond late', (text) => text.replaceAll('s._cut >= ', 's._cut > ')],
    ['when a row became available is ignored', (text) => text.replaceAll(`greatest(${event}, ${available})`, event)],
    ['the newest arrival wins over the newest event', (text) => text.replaceAll('WHERE _ord = _best AND', 'WHERE')],
    ['every row seen comes out', (text) => text.replaceAll('ASOF LEFT JOIN', 'LEFT JOIN')],
    ['ties are not broken', (text) => text.replaceAll(`bitShiftLeft(toUInt128(${available}), 32)`, 'toUInt128(0)')],
    ['tombstones are rows like others', (text) => text.replaceAll('._tombstone = 1, 0,', '._tombstone = 2, 0,')],
  ];

  test.each(faults)('%s', async (_, change) => {
    const schedules = fc.sample(schedule, { numRuns: 400, seed: 20_260_301 });
    const store = tampered(fixture.store, change);
    const histories = await loadAll(store, schedules);
    const found = await disagreements(offlineOn(store, fixture.calendar).offline, histories, spinePoints(schedules));
    expect(found.length).toBeGreaterThan(0);
  });
});
