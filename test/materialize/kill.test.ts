import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { raw } from '../../src/core/definitions/sql.js';
import { BusinessCalendar, formatInstant } from '../../src/core/helpers/time.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import { materialize } from '../../src/core/ports/job-contracts.js';
import type { ViewRow } from '../../src/core/ports/offline.js';
import { openDatabase } from '../../src/ledgers/data-source.js';
import { createJobLedger } from '../../src/ledgers/job-ledger.js';
import { openRedis } from '../../src/online/redis.js';
import { createQueue } from '../../src/queue/queue.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { forkBundled } from '../support/bundled.js';
import { type MaterializeFixture, materializeFixture } from './fixture.js';
import { type KillPlan, killJobs } from './kill-process.js';
import { factsView, MIDNIGHT, TIMEZONE } from './views.js';

const CUSTOMERS = 2_400;
let fixture: MaterializeFixture;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  fixture = await materializeFixture();
  fixture.clock.now = Date.now();
  folder = await mkdtemp(join(tmpdir(), 'rg-kill-'));
  await fixture.clickhouse.run(
    'facts',
    raw(`INSERT INTO facts SELECT concat('C', toString(number % ${CUSTOMERS})), fromUnixTimestamp64Milli(${MIDNIGHT} - 5 * 86400000 +
      intDiv(number, ${CUSTOMERS}) * 86400000 + number % 1000, 'UTC'), number / 7, if(number % 5 = 0, NULL, toString(number))
      FROM numbers(${CUSTOMERS * 5})`),
  );
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await fixture?.close();
  await rm(folder, { recursive: true, force: true });
});

const start = async (plan: Omit<KillPlan, 'urls'>): Promise<ChildProcess> => {
  const argument = JSON.stringify({ urls: fixture.urls, ...plan } satisfies KillPlan);
  const child = await forkBundled(new URL('./kill-process.ts', import.meta.url), [argument]);
  children.push(child);
  return child;
};

/** Runs a job to its end, or to its next seam. @returns whether it came to its end; a process that failed is neither. */
async function ends(plan: Omit<KillPlan, 'urls'>): Promise<boolean> {
  const [code, signal] = await once(await start(plan), 'exit');
  expect([
    [0, null],
    [null, 'SIGKILL'],
  ]).toContainEqual([code, signal]);
  return code === 0;
}

/** What must not depend on when a process died: everything but the stamps and the numbers of runs. */
const timeless = ({ key, eventTime, tombstone, values }: ViewRow) => ({ key, eventTime, tombstone, values });

async function outcome(name: string, takenOver = false) {
  const view = factsView({}, name);
  fixture.clock.now = Date.now();
  const { offline, online } = await fixture.newest(view);
  expect(online).toEqual(offline);
  const history = await fixture.clickhouse.rows(
    'history',
    raw(`SELECT * EXCEPT (_available_at, _sequence) FROM history_${name}_v1 ORDER BY customer_id, _event_time`),
  );
  const state = await fixture.clickhouse.rows<{ total: string }>(
    'state',
    raw(`SELECT count() AS total FROM state_${name}_v1 FINAL`),
  );
  const stages = await fixture.clickhouse.rows(
    'stages',
    raw(`SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'stage_${name}_v1%'`),
  );
  expect(stages).toEqual([]);
  // A job that does not come back leaves runs of which nothing is to be seen.
  const unseen = { stage: 'STARTED', counts: null, onlineStamp: null, historyStamp: null };
  const unfinished = await fixture.ledger.unfinished(view.id);
  expect(
    unfinished.map(({ stage, counts, onlineStamp, historyStamp }) => ({ stage, counts, onlineStamp, historyStamp })),
  ).toEqual((takenOver ? unfinished : []).map(() => unseen));
  return { newest: offline.map(timeless), history, state };
}

const keysOnline = async (name: string): Promise<number> => {
  const view = factsView({}, name);
  const keys = Array.from({ length: CUSTOMERS }, (_, i) => [`C${i}`]);
  const [cells = []] = await fixture.online.read([{ entity: view.entity, keys, views: [view] }]);
  return cells.filter(([cell]) => cell !== null).length;
};

const asOf = formatInstant(MIDNIGHT);
const PAYLOADS = {
  materialize: { asOf },
  backfill: { views: ['any'], from: '2026-02-25', to: '2026-02-28' },
} as const;

describe('a worker killed with SIGKILL', () => {
  // Side by side, on views of their own: most of the time passes while processes start, and while a job waits for its next worker.
  it.concurrent.each(['materialize', 'backfill'] as const)(
    'once at each seam of %s leaves what an uninterrupted run leaves',
    async (name) => {
      const payload = PAYLOADS[name];
      expect(await ends({ views: [`${name}_calm`], job: { id: newUuid(1), name, payload } })).toBe(true);
      const seams = join(folder, name);
      const job = { id: newUuid(2), name, payload };
      let deaths = 0;
      while (!(await ends({ views: [`${name}_killed`], job, seams }))) {
        expect(existsSync(seams)).toBe(true);
        deaths++;
      }
      const labels = (await readFile(seams, 'utf8')).trim().split('\n');
      expect(labels).toHaveLength(deaths);
      expect(labels).toEqual(
        expect.arrayContaining(
          (name === 'materialize'
            ? [
                'offline.stageRun',
                'a batch of offline.readStage',
                'online.write',
                'offline.commitRuns',
                'offline.dropStages',
              ]
            : [
                'offline.stageRuns',
                'offline.commitRuns',
                'offline.dropStages',
                'online.write',
                'a batch of offline.newestRows',
              ]
          ).map((call) => expect.stringMatching(new RegExp(`after ${call}$`))),
        ),
      );
      expect(await outcome(`${name}_killed`)).toEqual(await outcome(`${name}_calm`));
      expect(await keysOnline(`${name}_killed`)).toBe(CUSTOMERS);
    },
    1_800_000,
  );

  it.concurrent('in the middle of a backfill of three views, two of them at work at once, each time after another step, leaves what an uninterrupted one leaves', async () => {
    const payload = PAYLOADS.backfill;
    const calm = ['side_calm_1', 'side_calm_2', 'side_calm_3'];
    const killed = ['side_killed_1', 'side_killed_2', 'side_killed_3'];
    expect(await ends({ views: calm, job: { id: newUuid(4), name: 'backfill', payload } })).toBe(true);
    const seams = join(folder, 'side');
    // Which of two views passes a seam first is left to the machine; the other is killed wherever it stands.
    const dieAfter = 'offline.(stageRuns|commitRuns)$';
    const job = { id: newUuid(5), name: 'backfill', payload } as const;
    let deaths = 0;
    while (!(await ends({ views: killed, job, seams, dieAfter }))) deaths++;
    expect(deaths).toBeGreaterThan(1);
    for (const [index, name] of killed.entries()) {
      expect(await outcome(name)).toEqual(await outcome(calm[index] as string));
      expect(await keysOnline(name)).toBe(CUSTOMERS);
    }
  }, 1_800_000);

  // Five days: two chunks of two, and one of one.
  const chunks = ['2026-02-24', '2026-02-26', '2026-02-28'].map((day) => `${day}T16:00:00.000Z`);
  const inChunks = (view: string, id: string, plan: Partial<KillPlan> = {}) =>
    ends({
      views: [view],
      asOfsACommit: 2,
      ...plan,
      job: { id, name: 'backfill', payload: { views: ['any'], from: '2026-02-25', to: '2026-03-01' } },
    });
  let calmChunks: Promise<boolean> | undefined;
  it.concurrent.each([
    [
      'in a chunk of a backfill that comes back',
      {
        name: 'own',
        takenOver: false,
        // What one chunk does beside the next, and what the last does alone.
        wanted: [
          `after offline.commitRuns from ${chunks[0]}`,
          `after offline.stageRuns from ${chunks[1]}`,
          `after offline.commitRuns from ${chunks[2]}`,
        ],
      },
    ],
    [
      'in a chunk of a backfill whose view another job takes over each time',
      {
        name: 'other',
        takenOver: true,
        // Staged and seen by nobody; so by the ledger too; to be carried through; in the history; committed, its stage not dropped yet.
        wanted: [
          `after offline.stageRuns from ${chunks[1]}`,
          'STAGED: after ledger.updateAll of stage and counts',
          'PUBLISHED: after ledger.updateAll of stage and historyStamp',
          `after offline.commitRuns from ${chunks[1]}`,
          'COMMITTED: after ledger.updateAll of stage and counts',
        ],
      },
    ],
  ] as const)(
    '%s leaves what an undisturbed one leaves',
    async (_, { name, takenOver, wanted }) => {
      const [killed, calm] = [`${name}_killed`, 'chunks_calm'];
      const seams = join(folder, name);
      calmChunks ??= inChunks(calm, newUuid(20));
      const own = newUuid(21);
      let ended = false;
      while (!ended) {
        ended = await inChunks(killed, takenOver ? newUuid(22) : own, { seams, dieAfter: `^(${wanted.join('|')})$` });
      }
      expect(await calmChunks).toBe(true);
      expect((await readFile(seams, 'utf8')).trim().split('\n').sort()).toEqual([...wanted].sort());
      expect(await outcome(killed, takenOver)).toEqual(await outcome(calm));
      // A backfill's rows are stamped as scheduled runs would have been, whoever writes them.
      const stamps = (view: string) =>
        fixture.clickhouse.rows(
          'stamps',
          raw(
            `SELECT * EXCEPT _sequence FROM history_${view}_v1 FINAL ORDER BY customer_id, _event_time, _available_at`,
          ),
        );
      expect(await stamps(killed)).toEqual(await stamps(calm));
      expect(await keysOnline(killed)).toBe(CUSTOMERS);
    },
    600_000,
  );

  it.concurrent('at random instants finishes its job with the same rows and keys', async () => {
    const views = ['random_1', 'random_2', 'random_3', 'random_4', 'random_5'];
    const began = performance.now();
    expect(
      await ends({ views: ['random_calm'], job: { id: newUuid(3), name: 'materialize', payload: { asOf } } }),
    ).toBe(true);
    // Of the five views a process takes: the instants lie within the work, whatever the machine.
    const wholeMs = performance.now() - began;
    const { dataSource, close } = await openDatabase({ url: fixture.urls.postgres, log: silentLog });
    const redis = await openRedis({ url: fixture.urls.redis, log: silentLog, purpose: 'queue' });
    const ledger = createJobLedger(dataSource);
    const queue = createQueue({
      redis: redis.client,
      jobs: await killJobs(),
      ledger,
      clock: Date.now,
      log: silentLog,
      metrics: noMetrics,
      calendar: new BusinessCalendar(TIMEZONE),
    });
    const { id } = await queue.enqueue(materialize, { asOf });
    const completed = async () => (await ledger.get(id))?.state === 'COMPLETED';
    const delays: number[] = [];
    while (delays.length < 5) {
      const worker = await start({ views });
      const exited = once(worker, 'exit');
      const died = exited.then(() => Promise.reject(new Error('it died')));
      died.catch(() => undefined);
      // The message says that the job runs in this very process; none comes where a fast machine has ended it before.
      let runs = false;
      void once(worker, 'message').then(() => {
        runs = true;
      });
      while (!runs && !(await completed())) await Promise.race([sleep(20), died]);
      const delay = Math.random() * wholeMs;
      if (runs) await sleep(delay);
      worker.kill('SIGKILL');
      await exited;
      if (!runs) break;
      delays.push(delay);
    }
    const last = await start({ views });
    await vi.waitFor(async () => expect(await completed()).toBe(true), { timeout: 300_000, interval: 200 });
    last.kill('SIGKILL');
    await queue.close();
    await redis.close();
    await close();
    const calm = await outcome('random_calm');
    for (const name of views) {
      expect(await outcome(name), `killed after ${delays.join(', ')} ms`).toEqual(calm);
      expect(await keysOnline(name)).toBe(CUSTOMERS);
    }
  }, 1_800_000);
});
