import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { View } from '../../src/core/definitions/definitions.js';
import { raw, sql } from '../../src/core/definitions/sql.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import type { Leases } from '../../src/core/ports/leases.js';
import type { ViewResult } from '../../src/core/ports/materialize.js';
import type { ViewRow } from '../../src/core/ports/offline.js';
import type { OnlineStore } from '../../src/core/ports/online.js';
import { changedWriters } from '../support/writes.js';
import { type MaterializeFixture, materializeFixture, unwatched } from './fixture.js';
import { factsView, HOUR, MIDNIGHT } from './views.js';

const DAY = 24 * HOUR;
let fixture: MaterializeFixture;
let view: View;
let tests = 0;

beforeAll(async () => {
  fixture = await materializeFixture();
});
afterAll(() => fixture?.close());
beforeEach(async () => {
  await fixture.clearFacts();
  await fixture.addFacts([
    { customer: 'C1', at: MIDNIGHT - 5 * DAY, amount: 1 },
    { customer: 'C1', at: MIDNIGHT - DAY / 2, amount: 2, label: 'b' },
    { customer: 'C2', at: MIDNIGHT - 3 * DAY, amount: 3, label: 'c' },
    { customer: 'C3', at: MIDNIGHT + 1, amount: 4 },
    { customer: null, at: MIDNIGHT - DAY, amount: 9 },
  ]);
  fixture.clock.now = MIDNIGHT + 3 * HOUR;
  view = factsView({}, `facts_${++tests}`);
});

const jobId = () => newUuid(Date.now());
const now = () => fixture.clock.now;

const materialize = async (asOf?: number, materializer = fixture.materializer()): Promise<ViewResult> => {
  const request = { jobId: jobId(), views: [view], now: now(), ...(asOf === undefined ? {} : { asOf }) };
  const { views } = await materializer.materialize(request, unwatched());
  return views[0] as ViewResult;
};

const backfill = (from: string, to: string) =>
  fixture.materializer().backfill({ jobId: jobId(), views: [view], from, to, now: now() }, unwatched());

const expectLevel = async () => {
  const { offline, online } = await fixture.newest(view);
  expect(online).toEqual(offline);
  return offline;
};

describe('materialize', () => {
  it('computes the newest due as-of, publishes it and keeps its history, stamped when it was readable', async () => {
    expect(await materialize()).toEqual({
      view: view.id,
      asOf: '2026-02-28T16:00:00.000Z',
      rows: 2,
      changed: 2,
      published: 2,
      restored: 0,
      nullKeys: 1,
    });
    const rows = await expectLevel();
    const stamps = { eventTime: MIDNIGHT, availableAt: now(), tombstone: false };
    expect(rows).toMatchObject([
      { key: ['C1'], values: [2, 'b', 2, [1, 2]], ...stamps },
      { key: ['C2'], values: [3, 'c', 1, [3]], ...stamps },
    ]);
  });

  it('stamps a run that is on time with as-of + delay', async () => {
    fixture.clock.now = MIDNIGHT + 2 * HOUR;
    await materialize();
    expect(await expectLevel()).toMatchObject([{ availableAt: MIDNIGHT + 2 * HOUR }, {}]);
  });

  it('puts nothing online before as-of + delay, and says from when on it may (rule 2)', async () => {
    fixture.clock.now = MIDNIGHT + 2 * HOUR - 1;
    await expect(materialize(MIDNIGHT)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('2026-02-28T18:00:00.000Z'),
    });
    await fixture.writers.createView(view);
    const [cells] = await fixture.online.read([{ entity: view.entity, keys: [['C1']], views: [view] }]);
    expect(cells).toEqual([[null]]);
    expect(await materialize()).toMatchObject({ asOf: '2026-02-27T16:00:00.000Z' });
  });

  it('twice equals once: no new history, the same bytes online (rule 16)', async () => {
    await materialize();
    const before = await fixture.newest(view);
    const history = await fixture.historyCount(view);
    fixture.clock.now += HOUR;
    expect(await materialize()).toMatchObject({ rows: 2, changed: 0, published: 0, restored: 0 });
    expect(await fixture.newest(view)).toEqual(before);
    expect(await fixture.historyCount(view)).toBe(history);
  });

  it('adds only what changed of an as-of that was computed before, known from now on', async () => {
    await materialize();
    const firstKnown = now();
    fixture.clock.now += HOUR;
    await fixture.addFacts([{ customer: 'late', at: MIDNIGHT - 1, amount: 7 }]);
    expect(await materialize()).toMatchObject({ rows: 3, changed: 1, published: 1, restored: 0 });
    const rows = await expectLevel();
    expect(rows.map(({ availableAt }) => availableAt)).toEqual([firstKnown, firstKnown, now()]);
    expect(await fixture.offline.rowsAt(view, firstKnown, [['late']])).toEqual([null]);
  });

  it('restores the online store after FLUSHALL, keys that are no longer computed among them', async () => {
    await materialize(MIDNIGHT - DAY);
    const gone = 'gone';
    await fixture.addFacts([{ customer: gone, at: MIDNIGHT - 1, amount: 7 }]);
    await materialize();
    await fixture.clickhouse.run('test', sql`ALTER TABLE facts DELETE WHERE customer_id = ${gone}`, {
      settings: { mutations_sync: '2' },
    });
    fixture.clock.now += DAY;
    await materialize();
    const before = await fixture.newest(view);
    expect(before.offline.find(({ key }) => key[0] === gone)).toMatchObject({ eventTime: MIDNIGHT });
    await fixture.redis.client.flushall();
    expect(await materialize()).toMatchObject({ changed: 0, restored: before.offline.length });
    expect(await fixture.newest(view)).toEqual(before);
  });

  it('of an older as-of adds history and leaves the newer values online', async () => {
    await materialize();
    const before = (await fixture.newest(view)).online;
    await materialize(MIDNIGHT - 2 * DAY);
    expect((await fixture.newest(view)).online).toEqual(before);
    expect(before).toHaveLength(2);
  });

  it('computes only views with an as-of that is new, where that is asked for', async () => {
    const due = async () => {
      const request = { jobId: jobId(), views: [view], onlyNew: true, now: now() };
      const { views } = await fixture.materializer().materialize(request, unwatched());
      return views.map(({ asOf }) => asOf);
    };
    expect(await due()).toEqual(['2026-02-28T16:00:00.000Z']);
    expect(await due()).toEqual([]);
    fixture.clock.now = MIDNIGHT + DAY + 2 * HOUR - 1;
    expect(await due()).toEqual([]);
    fixture.clock.now++;
    expect(await due()).toEqual(['2026-03-01T16:00:00.000Z']);
  });

  it('computes the other views where one fails by itself, and names that one', async () => {
    const twice = factsView(
      { query: () => sql`SELECT arrayJoin(['C1', 'C1']) AS customer_id, NULL AS nothing` },
      `twice_${tests}`,
    );
    const job = fixture.materializer().materialize({ jobId: jobId(), views: [twice, view], now: now() }, unwatched());
    await expect(job).rejects.toMatchObject({
      message: expect.stringMatching(/^twice_\d+@1: .*; the other 1 of the job are computed$/),
    });
    expect(await expectLevel()).toHaveLength(2);
  });

  it('lets one job at a time work on a view', async () => {
    let inside = 0;
    let most = 0;
    const writers = changedWriters(fixture.writers, (writer) => ({
      async stageRun(run) {
        most = Math.max(most, ++inside);
        const staged = await writer.stageRun(run);
        inside--;
        return staged;
      },
    }));
    await Promise.all([1, 2, 3].map(() => materialize(MIDNIGHT, fixture.materializer({ writers }))));
    expect(most).toBe(1);
    await expectLevel();
  });

  it('reports progress that grows to one', async () => {
    const seen: number[] = [];
    const progress = { ...unwatched(), report: async (fraction: number) => void seen.push(fraction) };
    await fixture
      .materializer()
      .materialize({ jobId: jobId(), views: [view, factsView({}, 'other')], now: now() }, progress);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
  });
});

describe('a job that is cancelled', () => {
  it('before anything was published leaves no trace', async () => {
    const stop = new AbortController();
    const writers = changedWriters(fixture.writers, (writer) => ({
      async stageRun(run) {
        const staged = await writer.stageRun(run);
        stop.abort();
        return staged;
      },
    }));
    const request = { jobId: jobId(), views: [view], now: now() };
    await expect(fixture.materializer({ writers }).materialize(request, unwatched(stop.signal))).rejects.toThrow();
    expect(await fixture.newest(view)).toEqual({ offline: [], online: [] });
    await materialize();
    await expectLevel();
    expect(await fixture.ledger.unfinished(view.id)).toMatchObject([{ stage: 'STARTED', jobId: request.jobId }]);
    const stages = await fixture.clickhouse.rows(
      'test',
      raw(`SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'stage%${view.name}%'`),
    );
    expect(stages).toEqual([]);
  });

  it.each(['materialize', 'backfill'] as const)(
    'because its hold of the view broke off leaves a %s to the next, which finds the view free',
    async (kind) => {
      const loseLocks = async () => {
        const client = new pg.Client({ connectionString: fixture.urls.postgres });
        await client.connect();
        const ended = await client.query(
          "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        );
        await client.end();
        expect(ended.rows).toHaveLength(1);
        // A busy machine hears of it later.
        await broken;
      };
      let breakOff: () => void = () => undefined;
      const broken = new Promise<void>((resolve) => {
        breakOff = resolve;
      });
      const leases: Leases = {
        hold: (resource, signal, body) =>
          fixture.leases.hold(resource, signal, (lease) => {
            lease.lost.addEventListener('abort', breakOff);
            return body(lease);
          }),
      };
      const writers = changedWriters(fixture.writers, (writer) => ({
        async stageRun(run) {
          await loseLocks();
          return writer.stageRun(run);
        },
        async stageRuns(runs, computed) {
          await loseLocks();
          return writer.stageRuns(runs, computed);
        },
      }));
      const materializer = fixture.materializer({ writers, leases });
      const request = { jobId: jobId(), views: [view], now: now() };
      const days = { from: '2026-02-24', to: '2026-02-28' };
      await expect(
        kind === 'materialize'
          ? materializer.materialize(request, unwatched())
          : materializer.backfill({ ...request, ...days }, unwatched()),
      ).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining(view.id) });
      expect(await fixture.newest(view)).toEqual({ offline: [], online: [] });
      await materialize();
      await expectLevel();
    },
  );

  it('after its commit has its stage dropped by the next run of the view, but the stage of a run that comes back stays', async () => {
    const stages = () =>
      fixture.clickhouse.rows(
        'stages',
        raw(
          `SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'stage\\_${view.name}\\_v1%'`,
        ),
      );
    const dies = async (): Promise<never> => Promise.reject(new Error('died'));
    const dropless = fixture.materializer({ writers: changedWriters(fixture.writers, () => ({ dropStages: dies })) });
    await expect(materialize(MIDNIGHT, dropless)).rejects.toThrow('died');
    expect(await stages()).toHaveLength(1);
    await fixture.addFacts([{ customer: 'C1', at: MIDNIGHT + HOUR, amount: 7 }]);
    fixture.clock.now = MIDNIGHT + DAY + 3 * HOUR;
    const request = { jobId: jobId(), views: [view], asOf: MIDNIGHT + DAY, now: now() };
    const online: OnlineStore = { ...fixture.online, write: dies };
    await expect(fixture.materializer({ online }).materialize(request, unwatched())).rejects.toThrow('died');
    expect(await stages()).toHaveLength(1);
    const writers = changedWriters(fixture.writers, () => ({ stageRun: dies }));
    await fixture.materializer({ writers }).materialize(request, unwatched());
    expect(await stages()).toEqual([]);
    await expectLevel();
  });

  it('in the middle of publishing is carried through by the next run of the view', async () => {
    const stop = new AbortController();
    const online: OnlineStore = {
      ...fixture.online,
      async write(of, rows) {
        const done = await fixture.online.write(of, rows.slice(0, 1));
        stop.abort();
        stop.signal.throwIfAborted();
        return done;
      },
    };
    const cancelled = { jobId: jobId(), views: [view], now: now() };
    await expect(fixture.materializer({ online }).materialize(cancelled, unwatched(stop.signal))).rejects.toThrow();
    expect(await fixture.newest(view)).toMatchObject({ offline: [] });
    fixture.clock.now = MIDNIGHT + DAY + 3 * HOUR;
    await materialize();
    await expectLevel();
    expect(await fixture.ledger.unfinished(view.id)).toEqual([]);
    const earlier = (await fixture.offline.rowsAt(view, now(), [['C1']]))[0] as ViewRow;
    expect(earlier.eventTime).toBe(MIDNIGHT + DAY);
    expect(await fixture.historyCount(view)).toBeGreaterThan(4);
  });
});

describe('a clock that is ahead', () => {
  /** The process says that it is a day later than it is by the stores. */
  const ahead = (stores: number) => {
    fixture.clock.now = stores + DAY;
    return fixture.materializer({ storeClock: async () => stores });
  };
  const online = async (keys: readonly string[]) => {
    const asked = { entity: view.entity, keys: keys.map((key) => [key]), views: [view] };
    const [cells = []] = await fixture.online.read([asked]);
    return cells.map(([cell]) => (cell && cell !== 'ERROR' && !cell.tombstone ? cell.eventTime : null));
  };

  it('makes no run that is not due by the clock of the stores, and says what both say', async () => {
    const materializer = ahead(MIDNIGHT + 3 * HOUR);
    for (const asOf of [undefined, MIDNIGHT + DAY]) {
      await expect(materialize(asOf, materializer)).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
        message: expect.stringMatching(
          /is not due: the clock of the stores says 2026-02-28T19:00:00.000Z, the one that asked said 2026-03-01T19/,
        ),
      });
    }
    const range = { jobId: jobId(), views: [view], from: '2026-02-28', to: '2026-03-02', now: now() };
    const { views } = await materializer.backfill(range, unwatched());
    expect(views).toMatchObject([{ asOfs: 2, clampedTo: '2026-02-28T16:00:00.000Z' }]);
  });

  it('stamps nothing: the clock of the stores does', async () => {
    await materialize(MIDNIGHT, ahead(MIDNIGHT + 3 * HOUR));
    expect((await expectLevel()).map(({ availableAt }) => availableAt)).toEqual(Array(2).fill(MIDNIGHT + 3 * HOUR));
  });

  it('that spent the run of tomorrow: it gives way to what is known now, and is made again when it is due', async () => {
    await materialize();
    const before = await expectLevel();
    fixture.clock.now = MIDNIGHT + DAY + 3 * HOUR;
    await materialize();
    expect(await online(['C1', 'C3'])).toEqual([MIDNIGHT + DAY, MIDNIGHT + DAY]);

    fixture.clock.now = MIDNIGHT + 4 * HOUR;
    const due = async () => {
      const request = { jobId: jobId(), views: [view], onlyNew: true, now: now() };
      return (await fixture.materializer().materialize(request, unwatched())).views;
    };
    expect(await due()).toEqual([]);
    expect(await expectLevel()).toEqual(before);
    expect(await online(['C1', 'C3'])).toEqual([MIDNIGHT, null]);
    expect(await fixture.historyCount(view)).toBe(before.length);

    fixture.clock.now = MIDNIGHT + DAY + 2 * HOUR;
    expect(await due()).toMatchObject([{ asOf: '2026-03-01T16:00:00.000Z', rows: 3, published: 3 }]);
    const stamps = (await expectLevel()).map(({ eventTime, availableAt }) => [eventTime, availableAt]);
    expect(stamps).toEqual(Array(3).fill([MIDNIGHT + DAY, now()]));
  });

  it('that stamped a run in the middle of its publication: another makes it with the right stamp', async () => {
    fixture.clock.now = MIDNIGHT + DAY;
    const stops: OnlineStore = {
      ...fixture.online,
      async write(of, rows) {
        await fixture.online.write(of, rows.slice(0, 1));
        throw new Error('died');
      },
    };
    await expect(materialize(MIDNIGHT, fixture.materializer({ online: stops }))).rejects.toThrow('died');
    fixture.clock.now = MIDNIGHT + 4 * HOUR;
    expect(await materialize()).toMatchObject({ rows: 2, changed: 2 });
    expect((await expectLevel()).map(({ availableAt }) => availableAt)).toEqual(Array(2).fill(now()));
    expect(await fixture.ledger.unfinished(view.id)).toEqual([]);
  });
});

describe('backfill', () => {
  it('computes every day with both ends, stamped as scheduled runs would have been, and publishes the newest (rule 2)', async () => {
    const { views, notes } = await backfill('2026-02-24', '2026-02-28');
    expect(notes).toEqual([]);
    expect(views).toMatchObject([
      { view: view.id, from: '2026-02-23T16:00:00.000Z', to: '2026-02-27T16:00:00.000Z', asOfs: 5, nullKeys: 0 },
    ]);
    const lastDay = MIDNIGHT - DAY;
    const c2 = await Promise.all(
      [lastDay + 2 * HOUR, lastDay + 2 * HOUR - 1, MIDNIGHT - 3 * DAY].map(async (at) => {
        const [row] = await fixture.offline.rowsAt(view, at, [['C2']]);
        return row && { eventTime: row.eventTime, availableAt: row.availableAt };
      }),
    );
    expect(c2).toEqual([
      { eventTime: lastDay, availableAt: lastDay + 2 * HOUR },
      { eventTime: lastDay - DAY, availableAt: lastDay - DAY + 2 * HOUR },
      null,
    ]);
    await expectLevel();
  });

  it('leaves out what is not due yet and says so', async () => {
    const { views, notes } = await backfill('2026-02-27', '2026-12-31');
    const last = '2026-02-28T16:00:00.000Z';
    expect(views).toMatchObject([{ asOfs: 3, to: last, clampedTo: last }]);
    expect(notes).toEqual([
      expect.stringMatching(/305 as-ofs not due yet left out; the last one is 2026-02-28T16:00:00\.000Z$/),
    ]);
    expect((await backfill('2026-02-27', '2026-02-28')).views).toMatchObject([{ asOfs: 2, clampedTo: null }]);
  });

  it('refuses a range that begins after the last as-of that is due, and names that one', async () => {
    await expect(backfill('2027-01-01', '2027-01-02')).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: `${view.id} has no as-of from 2027-01-01 on that is due: the newest is 2026-02-28T16:00:00.000Z`,
    });
    fixture.clock.now = MIDNIGHT + 2 * HOUR - 1;
    await expect(backfill('2026-03-01', '2026-03-01')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    fixture.clock.now++;
    expect((await backfill('2026-03-01', '2026-03-01')).views).toMatchObject([{ asOfs: 1 }]);
  });

  it('computes every hour of the days of an hourly view', async () => {
    view = factsView({ schedule: { every: 'hour', delay: '10m' } }, `hourly_${tests}`);
    const { views } = await backfill('2026-02-27', '2026-02-27');
    expect(views).toMatchObject([{ asOfs: 24, from: '2026-02-26T16:00:00.000Z', to: '2026-02-27T15:00:00.000Z' }]);
    await expectLevel();
  });

  it('before and after live runs never overwrites newer values, and twice equals once', async () => {
    await materialize();
    const before = await fixture.newest(view);
    await backfill('2026-02-20', '2026-03-01');
    expect(await fixture.newest(view)).toEqual(before);
    const history = await fixture.historyCount(view);
    expect((await backfill('2026-02-20', '2026-03-01')).views).toMatchObject([{ changed: 0, published: 0 }]);
    expect(await fixture.historyCount(view)).toBe(history);
    expect(await fixture.newest(view)).toEqual(before);
  });

  it('refuses a range that ends before it begins, and one of decades', async () => {
    await expect(backfill('2026-02-20', '2026-02-19')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    await expect(backfill('1990-01-01', '2026-02-19')).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});
