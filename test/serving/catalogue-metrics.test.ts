import { expect, it } from 'vitest';
import { MINUTE } from '../../src/core/time.js';
import { createCatalogueMetrics } from '../../src/serving/catalogue-metrics.js';
import { createMetrics } from '../../src/telemetry/metrics.js';

it('gauges that could not be read are not fresh until they are read again, a minute later', async () => {
  const { metrics, text } = createMetrics();
  let [now, away, asked] = [0, true, 0];
  const report = createCatalogueMetrics({
    ...{ metrics, clock: () => now, views: () => [], profiles: { newest: async () => new Map() } },
    freshness: async () => {
      asked++;
      if (away) throw new Error('the store is away');
      return [{ view: 'a@1', lastEventTime: 0, lagSeconds: 5, stale: false, keys: 3 }];
    },
  });
  await expect(report()).rejects.toThrow('away');
  now += MINUTE - 1;
  away = false;
  await expect(report()).rejects.toThrow('away');
  now += 1;
  await report();
  await report();
  expect(asked).toBe(2);
  expect(await text()).toContain('riskgraph_view_lag_seconds{view="a@1"} 5');
});
