import type { View } from 'riskgraph';
import { defineJob } from 'riskgraph';
import type { JobContext } from 'riskgraph/ports/job-services';
import type { ViewRow } from 'riskgraph/ports/offline';
import type { OnlineCell } from 'riskgraph/ports/online';
import { withinTtl } from 'riskgraph/status';
import { z } from 'zod';

/** Keys a view: one in fifty differing is seen with more than 99.99 % certainty. */
const SAMPLE = 500;

type Skew = 'missing' | 'older' | 'newer' | 'different' | 'unreadable';

interface ViewSkew extends Partial<Record<Skew, number>> {
  readonly view: string;
  readonly sampled: number;
}

/** Rule 16: how the online answer for a key differs from the newest offline row; null where it does not. */
function skewOf(view: View, offline: ViewRow, online: OnlineCell | undefined, now: number): Skew | null {
  if (online === 'ERROR') return 'unreadable';
  if (!online) return withinTtl(view, offline.eventTime, now) ? 'missing' : null;
  if (online.eventTime !== offline.eventTime) return online.eventTime < offline.eventTime ? 'older' : 'newer';
  const same =
    online.tombstone === offline.tombstone && JSON.stringify(online.values) === JSON.stringify(offline.values);
  return same ? null : 'different';
}

async function checkView(
  view: View,
  { services, scheduledFor, now }: JobContext<'offline' | 'online'>,
): Promise<ViewSkew> {
  const { offline, online } = services;
  const at = now();
  const { keys } = await offline.viewStats(view, at);
  const of = Math.max(1, Math.floor(keys / SAMPLE));
  // Another part of the keys each time, the same one for the same scheduled time.
  const shard = { index: Math.floor(scheduledFor / 60_000) % of, of };
  const skews: Partial<Record<Skew, number>> = {};
  let sampled = 0;
  for await (const batch of offline.newestRows(view, at, shard)) {
    const rows = batch.slice(0, SAMPLE - sampled);
    const [cells = []] = await online.read([{ entity: view.entity, keys: rows.map(({ key }) => key), views: [view] }]);
    for (const [index, row] of rows.entries()) {
      const skew = skewOf(view, row, cells[index]?.[0], at);
      if (skew) skews[skew] = (skews[skew] ?? 0) + 1;
    }
    sampled += rows.length;
    if (sampled >= SAMPLE) break;
  }
  return { view: view.id, sampled, ...skews };
}

export default defineJob({
  description: 'Compares a sample of online values with the newest offline ones and reports every difference.',
  payload: z.object({ views: z.array(z.string()).min(1).nullish() }),
  schedule: { every: 'hour', minute: 31 },
  scheduledPayload: () => ({ views: null }),
  needs: ['catalogue', 'offline', 'offlineWriters', 'online', 'onlineContent'],
  concurrency: 1,
  run: async (context, payload) => {
    const views = await context.services.catalogue.views(payload.views ?? undefined);
    const results: ViewSkew[] = [];
    for (const [index, view] of views.entries()) {
      context.signal.throwIfAborted();
      await context.services.offlineWriters.createView(view);
      const { sampled, view: id, ...skews } = await checkView(view, context);
      const skewed = Object.values(skews).reduce((sum, count) => sum + count, 0);
      context.metrics.gauge('online_skew_ratio', sampled === 0 ? 0 : skewed / sampled, { view: id });
      if (skewed > 0)
        context.log.warn({ view: id, sampled, ...skews }, 'online values differ from the newest offline ones');
      // What a sample lacks is lacking beside it too, as after a restart from an old snapshot: the view is restored.
      if (skews.missing || skews.older) await context.services.onlineContent.doubt([view]);
      results.push({ view: id, sampled, ...skews });
      await context.report((index + 1) / views.length);
    }
    return { views: results };
  },
});
