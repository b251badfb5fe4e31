import { expect, it } from 'vitest';
import { createCatalogueMetrics } from '../../src/catalogue/metrics.js';
import type { View } from '../../src/core/definitions/definitions.js';
import { BusinessCalendar, MINUTE } from '../../src/core/helpers/time.js';
import type { ViewFreshness } from '../../src/core/ports/catalogue.js';
import type { FeatureProfile } from '../../src/core/ports/feature-profiles.js';
import { createMetrics } from '../../src/telemetry/metrics.js';

const freshOf = (view: string, waitsFor: ViewFreshness['waitsFor'] = []): ViewFreshness => ({
  view,
  lastEventTime: 0,
  lagSeconds: 5,
  stale: false,
  keys: 3,
  waitsFor,
  waitsSince: 0,
  waitsUntil: null,
  incomplete: [],
});

it('gauges of a view that was retired go with the next report, those of its features too, and no other', async () => {
  const { metrics, text } = createMetrics();
  let now = 0;
  let views = ['a@1', 'b@1'].map((id) => ({ id }) as View);
  const report = createCatalogueMetrics({
    metrics,
    clock: () => now,
    calendar: new BusinessCalendar('Asia/Shanghai'),
    tables: async () => [],
    views: () => views,
    lateness: async (of) => new Map(of.map(({ id }) => [id, 60] as const)),
    profiles: {
      newest: async (of) =>
        new Map(
          of.map(({ id }) => [id, { reference: `${id}:f`, nullRate: 0.5 } as unknown as FeatureProfile] as const),
        ),
    },
    freshness: async (of) => of.map(({ id }) => freshOf(id)),
  });
  metrics.gauge('view_event_time_seconds', 7, { view: 'a@1' });
  await report();
  const of = async (view: string) =>
    (await text())
      .split('\n')
      .filter((line) => line.includes(`view="${view}"`))
      .sort();
  expect(await of('a@1')).toHaveLength(6);
  const before = await of('b@1');
  expect(before).toHaveLength(5);
  views = views.slice(1);
  now += MINUTE;
  await report();
  expect(await of('a@1')).toEqual([]);
  expect(await of('b@1')).toEqual(before);
  views = ['a@1', 'b@1'].map((id) => ({ id }) as View);
  now += MINUTE;
  await report();
  expect(await of('a@1')).toHaveLength(5);
});

it('a gauge says for how long a view waits for a table, and goes once it waits no more', async () => {
  const { metrics, text } = createMetrics();
  let now = 7 * MINUTE;
  let days: ViewFreshness['waitsFor'] = [{ table: 'repayments', day: '2026-02-28' }];
  const report = createCatalogueMetrics({
    metrics,
    clock: () => now,
    calendar: new BusinessCalendar('Asia/Shanghai'),
    tables: async () => [],
    views: () => [{ id: 'a@1' } as View],
    lateness: async () => new Map(),
    profiles: { newest: async () => new Map() },
    freshness: async () => [freshOf('a@1', days)],
  });
  await report();
  expect(await text()).toContain('riskgraph_view_waiting_seconds{view="a@1",table="repayments"} 420');
  days = [];
  now += MINUTE;
  await report();
  expect(await text()).not.toContain('riskgraph_view_waiting_seconds{');
  expect(await text()).toContain('riskgraph_view_keys{view="a@1"} 3');
});

it('gauges that could not be read are not fresh until they are read again, a minute later', async () => {
  const { metrics, text } = createMetrics();
  let [now, away, asked] = [0, true, 0];
  const report = createCatalogueMetrics({
    metrics,
    clock: () => now,
    calendar: new BusinessCalendar('Asia/Shanghai'),
    tables: async () => [
      new Error('the table of the lender is gone'),
      { table: 'repayments', through: '1970-01-01', due: '1970-01-03', lateSeconds: 7 },
    ],
    views: () => [],
    lateness: async (of) => new Map(of.map(({ id }) => [id, 60] as const)),
    profiles: { newest: async () => new Map() },
    freshness: async () => {
      asked++;
      if (away) throw new Error('the store is away');
      return [freshOf('a@1')];
    },
  });
  await expect(report()).rejects.toThrow('away');
  now += MINUTE - 1;
  away = false;
  await expect(report()).rejects.toThrow('away');
  now += 1;
  // One table that cannot be read takes the gauge of no other away.
  await expect(report()).rejects.toThrow('the table of the lender is gone');
  await expect(report()).rejects.toThrow('gone');
  expect(asked).toBe(2);
  expect(await text()).toContain('riskgraph_view_lag_seconds{view="a@1"} 5');
  expect(await text()).toContain('riskgraph_source_late_seconds{table="repayments"} 7');
  expect(await text()).toContain('riskgraph_source_complete_through_seconds{table="repayments"} 57600');
});
