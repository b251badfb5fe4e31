/**
 * Rule 16. A case is what happened, step by step, to a view of its own. After it the online store must hold the row that the history
 * holds, key by key, and the last step once more must change nothing. Then: rows spoilt past our code, which the check of the online store finds.
 */
import { expect } from 'vitest';
import checkOnline from '../../jobs/check_online.js';
import { sql } from '../../src/core/definitions/define.js';
import type { View } from '../../src/core/definitions/definitions.js';
import { DAY, HOUR } from '../../src/core/helpers/time.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import type { JobContext } from '../../src/core/ports/job-services.js';
import type { ViewRow } from '../../src/core/ports/offline.js';
import { createOnlineContent } from '../../src/online/content.js';
import { type MaterializeFixture, materializeFixture, unwatched } from '../materialize/fixture.js';
import { factsView, MIDNIGHT, PREFIX } from '../materialize/views.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { catalogueOf } from '../queue/jobs-of.js';
import { type Case, defineRule, shared } from './conformance.js';
import { redisKey } from './online-world.js';

/** Days are counted from the newest as-of: 0 is the midnight that is due, -1 the one before. */
type Step =
  | { readonly fact: string | null; readonly hours: number; readonly amount: number; readonly label?: string | null }
  | { readonly materialize: number; readonly atOnce?: number }
  | { readonly backfill: readonly [from: number, to: number] }
  | { readonly lose: 'online' };

interface History extends Case {
  readonly steps: readonly Step[];
  /** What must be read online of each customer: the newest amount and the day it describes. */
  readonly holds: Readonly<Record<string, readonly [amount: number | null, day: number]>>;
}

/** C1 is known for six days, C2 for two. */
const FACTS: readonly Step[] = [
  { fact: 'C1', hours: -6 * 24, amount: 1 },
  { fact: 'C1', hours: -12, amount: 2 },
  { fact: 'C2', hours: -36, amount: 3, label: 'x' },
];
const BOTH = { C1: [2, 0], C2: [3, 0] } as const;

const HISTORIES: readonly History[] = [
  {
    name: 'the same run twice',
    steps: [...FACTS, { materialize: 0 }, { materialize: 0 }],
    holds: BOTH,
  },
  {
    name: 'the same run from two workers at once',
    steps: [...FACTS, { materialize: 0, atOnce: 2 }],
    holds: BOTH,
  },
  {
    name: 'a newer day after an older one',
    steps: [...FACTS, { materialize: -1 }, { materialize: 0 }],
    holds: BOTH,
  },
  {
    name: 'an older day after a newer one changes no value online',
    steps: [...FACTS, { materialize: 0 }, { materialize: -1 }],
    holds: BOTH,
  },
  {
    name: 'a backfill alone brings the newest of its days online',
    steps: [...FACTS, { backfill: [-2, -1] }],
    holds: { C1: [1, -1], C2: [3, -1] },
  },
  {
    name: 'a backfill after a run changes no value online',
    steps: [...FACTS, { materialize: 0 }, { backfill: [-2, -1] }],
    holds: BOTH,
  },
  {
    name: 'a fact that was late, and the same day again',
    steps: [...FACTS, { materialize: 0 }, { fact: 'C1', hours: -1, amount: 9 }, { materialize: 0 }],
    holds: { C1: [9, 0], C2: [3, 0] },
  },
  {
    name: 'a customer who was late, and the same day again',
    steps: [...FACTS, { materialize: 0 }, { fact: 'C9', hours: -1, amount: 9 }, { materialize: 0 }],
    holds: { ...BOTH, C9: [9, 0] },
  },
  {
    name: 'a run that brings back what the online store lost',
    steps: [...FACTS, { materialize: 0 }, { lose: 'online' }, { materialize: 0 }],
    holds: BOTH,
  },
  {
    name: 'a row without a key is in neither store',
    steps: [...FACTS, { fact: null, hours: -1, amount: 7 }, { materialize: 0 }],
    holds: BOTH,
  },
];

interface Healthy {
  readonly view: View;
  /** As the history has them, and the online store before a case. */
  readonly rows: readonly ViewRow[];
}

interface World {
  readonly fixture: MaterializeFixture;
  /** A view that sees the facts of one case alone. */
  caseView(): { readonly view: View; readonly prefix: string };
  run(view: View, prefix: string, step: Step): Promise<void>;
  close(): Promise<void>;
}

const dayOf = (day: number): number => MIDNIGHT + day * DAY;
/** The local day that begins at an as-of: MIDNIGHT is the 1st of March 2026 in Shanghai. */
const dateOf = (day: number): string => new Date(Date.UTC(2026, 2, 1) + day * DAY).toISOString().slice(0, 10);

const world = shared(async (): Promise<World> => {
  const fixture = await materializeFixture();
  let made = 0;
  return {
    fixture,
    caseView() {
      const prefix = `case ${++made} `;
      const view = factsView(
        {
          query: ({ asOf }) => sql`
            SELECT customer_id, argMax(f.amount, f.at) AS amount, argMax(tuple(f.label), f.at).1 AS label, toInt32(count()) AS seen,
              arrayMap(x -> x.2, arraySort(groupArray((f.at, f.amount)))) AS history
            FROM facts AS f WHERE f.at < ${asOf.instant} AND (startsWith(f.customer_id, ${prefix}) OR f.customer_id IS NULL) GROUP BY customer_id`,
        },
        `facts_${made}`,
      );
      return { view, prefix };
    },
    async run(view, prefix, step) {
      const common = { views: [view], now: fixture.clock.now };
      if ('fact' in step) {
        const { fact, hours, amount, label = null } = step;
        const customer = fact === null ? null : prefix + fact;
        await fixture.addFacts([{ customer, at: MIDNIGHT + hours * HOUR, amount, label }]);
      } else if ('materialize' in step) {
        const asOf = dayOf(step.materialize);
        const workers = Array.from({ length: step.atOnce ?? 1 }, () => fixture.materializer());
        await Promise.all(
          workers.map((one) => one.materialize({ jobId: newUuid(Date.now()), asOf, ...common }, unwatched())),
        );
      } else if ('backfill' in step) {
        const [from, to] = step.backfill.map(dateOf) as [string, string];
        await fixture.materializer().backfill({ jobId: newUuid(Date.now()), from, to, ...common }, unwatched());
      } else {
        await fixture.redis.client.flushall();
      }
    },
    close: () => fixture.close(),
  };
});

defineRule<History, World>(
  {
    rule: 16,
    open: world,
    async check({ steps, holds }, { fixture, caseView, run }) {
      const { view, prefix } = caseView();
      for (const step of steps) await run(view, prefix, step);
      const first = await fixture.newest(view);
      const held = (first.online as ViewRow[]).map(({ key, values, eventTime }) => [
        key[0]?.slice(prefix.length),
        [values[0], (eventTime - MIDNIGHT) / DAY],
      ]);
      expect(Object.fromEntries(held)).toEqual(holds);
      expect(first.online, 'online is the newest offline').toEqual(first.offline);
      const history = await fixture.historyCount(view);

      fixture.clock.now += HOUR;
      await run(view, prefix, steps.at(-1) as Step);
      expect(await fixture.newest(view), 'twice equals once').toEqual(first);
      expect(await fixture.historyCount(view), 'no new history').toBe(history);
    },
  },
  HISTORIES,
);

interface Spoilt extends Case {
  /** What is done to the online row of the first customer, the second, and so on. */
  readonly spoils: readonly (
    | { readonly does: 'delete' | 'garble' }
    | { readonly does: 'replace'; readonly by: Partial<ViewRow> }
  )[];
  readonly reports: Readonly<Record<string, number>>;
}

const older = { does: 'replace', by: { eventTime: MIDNIGHT - DAY } } as const;
const newer = { does: 'replace', by: { eventTime: MIDNIGHT + DAY } } as const;
const other = { does: 'replace', by: { values: [99, null, 1, [99]] } } as const;
const ended = { does: 'replace', by: { tombstone: true, values: [] } } as const;

const SPOILT: readonly Spoilt[] = [
  { name: 'the check reports nothing where nothing differs', spoils: [], reports: {} },
  { name: 'the check reports a row that is missing online', spoils: [{ does: 'delete' }], reports: { missing: 1 } },
  { name: 'the check reports a value that differs', spoils: [other], reports: { different: 1 } },
  { name: 'the check reports an end that the history does not know', spoils: [ended], reports: { different: 1 } },
  { name: 'the check reports an older row', spoils: [older], reports: { older: 1 } },
  { name: 'the check reports a newer row', spoils: [newer], reports: { newer: 1 } },
  { name: 'the check reports a row that cannot be read', spoils: [{ does: 'garble' }], reports: { unreadable: 1 } },
  {
    name: 'the check counts each kind for itself',
    spoils: [{ does: 'delete' }, older, older, newer, other, { does: 'garble' }],
    reports: { missing: 1, older: 2, newer: 1, different: 1, unreadable: 1 },
  },
];

const CUSTOMERS = 8;

async function healthy({ fixture, caseView, run }: World): Promise<Healthy> {
  const { view, prefix } = caseView();
  const customers = Array.from({ length: CUSTOMERS }, (_, at) => ({ customer: `${prefix}C${at}`, amount: at }));
  await fixture.addFacts(customers.map((fact) => ({ ...fact, at: MIDNIGHT - HOUR })));
  await run(view, prefix, { materialize: 0 });
  return { view, rows: (await fixture.newest(view)).offline };
}

defineRule<Spoilt, World & Healthy>(
  {
    rule: 16,
    open: async () => {
      const opened = await world();
      return { ...opened, ...(await healthy(opened)) };
    },
    async check({ spoils, reports }, { fixture, view, rows }) {
      await fixture.redis.client.flushall();
      await fixture.online.write(view, rows);
      for (const [at, spoil] of spoils.entries()) {
        const row = rows[at] as ViewRow;
        const key = redisKey({ prefix: PREFIX }, 'customer', row.key[0] as string);
        await fixture.redis.client.del(key);
        if (spoil.does === 'garble') await fixture.redis.client.hset(key, view.id, 'garbage');
        if (spoil.does === 'replace') await fixture.online.write(view, [{ ...row, ...spoil.by }]);
      }
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
      expect(await checkOnline.run(context, {})).toEqual({
        views: [{ view: view.id, sampled: CUSTOMERS, ...reports }],
      });
      const wrong = Object.values(reports).reduce((sum, count) => sum + count, 0);
      expect(gauges).toEqual([['online_skew_ratio', wrong / CUSTOMERS, { view: view.id }]]);
    },
  },
  SPOILT,
);
