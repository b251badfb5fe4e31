import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import checkOnline from '../../jobs/check_online.js';
import type { JobContext } from '../../src/core/ports/job-services.js';
import { createOnlineContent } from '../../src/online/content.js';
import { type MaterializeFixture, materializeFixture, unwatched } from '../materialize/fixture.js';
import { factsView, HOUR, MIDNIGHT, PREFIX } from '../materialize/views.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { catalogueOf } from '../queue/jobs-of.js';

let fixture: MaterializeFixture;
const view = factsView();
beforeAll(async () => {
  fixture = await materializeFixture();
  await fixture.addFacts(
    Array.from({ length: 10 }, (_, index) => ({ customer: `C${index}`, at: MIDNIGHT - HOUR, amount: index })),
  );
  await fixture.materializer().materialize({ jobId: 'one', views: [view], now: fixture.clock.now }, unwatched());
});
afterAll(() => fixture?.close());

const check = async () => {
  const gauges: unknown[] = [];
  const { offline, writers: offlineWriters, online, redis } = fixture;
  const onlineContent = createOnlineContent({ client: redis.client, prefix: PREFIX, epoch: 'epoch' });
  const context: JobContext<'catalogue' | 'offline' | 'offlineWriters' | 'online' | 'onlineContent'> = {
    jobId: 'check',
    scheduledFor: fixture.clock.now,
    now: () => fixture.clock.now,
    log: silentLog,
    services: { catalogue: catalogueOf([view]), offline, offlineWriters, online, onlineContent },
    metrics: { ...noMetrics, gauge: (...gauge) => void gauges.push(gauge) },
    ...unwatched(),
  };
  return { result: await checkOnline.run(context, {}), gauges };
};

describe('the check of the online store', () => {
  it('finds nothing where both stores tell the same', async () => {
    expect(await check()).toEqual({
      result: { views: [{ view: view.id, sampled: 10 }] },
      gauges: [['online_skew_ratio', 0, { view: view.id }]],
    });
  });

  it('counts every kind of difference (rule 16)', async () => {
    const { offline: rows } = await fixture.newest(view);
    const [lost, changed, stale, ahead, broken] = rows;
    const redisKey = (row: (typeof rows)[number] | undefined) => `${PREFIX}:o1:customer:s2:${row?.key[0]}`;
    const replace = async (row: (typeof rows)[number] | undefined, change: object) => {
      await fixture.redis.client.del(redisKey(row));
      if (row) await fixture.online.write(view, [{ ...row, ...change }]);
    };
    await fixture.redis.client.del(redisKey(lost));
    await replace(changed, { values: [99, null, 1, [99]] });
    await replace(stale, { eventTime: MIDNIGHT - HOUR });
    await replace(ahead, { eventTime: MIDNIGHT + HOUR });
    await fixture.redis.client.hset(redisKey(broken), view.id, 'garbage');
    expect(await check()).toEqual({
      result: {
        views: [{ view: view.id, sampled: 10, missing: 1, different: 1, older: 1, newer: 1, unreadable: 1 }],
      },
      gauges: [['online_skew_ratio', 0.5, { view: view.id }]],
    });
  });
});
