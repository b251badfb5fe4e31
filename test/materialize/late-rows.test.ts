import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import materializeJob from '../../jobs/materialize.js';
import type { View } from '../../src/core/definitions/definitions.js';
import { raw, sql } from '../../src/core/definitions/sql.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { newUuid } from '../../src/core/helpers/uuid.js';
import { SourceTables } from '../../src/core/lending/sources.js';
import type { JobContext } from '../../src/core/ports/job-services.js';
import { type Leases, tableResource } from '../../src/core/ports/leases.js';
import type { ViewResult } from '../../src/core/ports/materialize.js';
import type { StagedRow, ViewRow } from '../../src/core/ports/offline.js';
import type { LoanSnapshots } from '../../src/core/ports/sources.js';
import { settleSources } from '../../src/core/settled-sources.js';
import { waits } from '../../src/materialize/lateness.js';
import { snapshotsOn } from '../derived/loan-snapshots/support.js';
import { refsOf } from '../offline/support.js';
import { noMetrics, silentLog } from '../online/definitions.js';
import { catalogueOf } from '../queue/jobs-of.js';
import { completenessInMemory } from '../support/completeness.js';
import { TABLES } from '../support/tables.js';
import { lookupOnnx, onnxHashOf } from '../support/tiny-onnx.js';
import { changedWriters } from '../support/writes.js';
import { type MaterializeFixture, materializeFixture, unwatched } from './fixture.js';
import { daySchedule, LateModel, type Step } from './late-schedules.js';
import { openImports, openScoring, scoredViews } from './scored.js';
import { dpdView, openSourceRows, paidView, type SourceRows } from './sources.js';
import { HOUR, MIDNIGHT, TIMEZONE } from './views.js';

const DAY = 24 * HOUR;
let fixture: MaterializeFixture;
let sources: SourceRows;
let snapshots: LoanSnapshots;
let view: View;
let tests = 0;

beforeAll(async () => {
  fixture = await materializeFixture();
  sources = await openSourceRows(fixture.clickhouse);
  snapshots = snapshotsOn(fixture.clickhouse, TIMEZONE);
});
afterAll(() => fixture?.close());
beforeEach(async () => {
  for (const table of ['repayments', 'source_imports', 'source_clock']) {
    await fixture.clickhouse.run('test', raw(`TRUNCATE TABLE ${table}`));
  }
  view = paidView(`paid_${++tests}`);
  fixture.clock.now = MIDNIGHT + 2 * HOUR;
  await pay('R1', { at: MIDNIGHT - 2 * DAY, amount: 100 });
});

interface Payment {
  readonly at: number;
  readonly amount: number;
  readonly known?: number;
  readonly customer?: string;
  readonly deleted?: 1;
}

const pay = (id: string, { at, amount, known = at, customer = 'C1', deleted }: Payment) =>
  sources.add('repayments', [
    {
      repayment_id: id,
      customer_id: customer,
      loan_id: 'L1',
      paid_at: at,
      principal_paid: amount,
      interest_paid: 0,
      method: 'SELF',
      ingested_at: known,
      ...(deleted && { deleted }),
    },
  ]);

const run = async (
  change: { asOf?: number; onlyNew?: boolean; jobId?: string } = {},
  of = view,
): Promise<readonly ViewResult[]> => {
  const request = { jobId: newUuid(Date.now()), views: [of], now: fixture.clock.now, ...change };
  return (await fixture.materializer().materialize(request, unwatched())).views;
};

const backfill = (from: string, to: string) =>
  fixture
    .materializer()
    .backfill({ jobId: newUuid(Date.now()), views: [view], from, to, now: fixture.clock.now }, unwatched());

/** What a reader gets of C1 online, which must be the newest of the history: amount and payments. */
const online = async (of = view) => {
  const { offline, online: cells } = await fixture.newest(of);
  expect(cells).toEqual(offline);
  return (cells[0] as ViewRow | undefined)?.values.slice(0, 2);
};

/** What a decision at an instant could have known, by the history. */
const knownAt = async (at: number) => (await fixture.offline.rowsAt(view, at, [['C1']]))[0]?.values.slice(0, 2);

describe('a row of yesterday that arrives late', () => {
  it('is taken by the next run, and is online from then on', async () => {
    await run();
    expect(await online()).toEqual(['100', 1]);
    await pay('R2', { at: MIDNIGHT - 6 * HOUR, amount: 50, known: MIDNIGHT + 5 * HOUR });
    fixture.clock.now = MIDNIGHT + DAY + 2 * HOUR;
    await run({ onlyNew: true });
    expect(await online()).toEqual(['150', 2]);
  });

  it('that is older than everything a run has seen is taken all the same: no watermark of event times loses it', async () => {
    await pay('R2', { at: MIDNIGHT - 1, amount: 1 });
    await run();
    await pay('old', { at: MIDNIGHT - 400 * DAY, amount: 9, known: MIDNIGHT + 20 * HOUR });
    fixture.clock.now = MIDNIGHT + DAY + 2 * HOUR;
    await run({ onlyNew: true });
    expect(await online()).toEqual(['110', 3]);
  });

  it('and restates an earlier one is taken by the next run', async () => {
    await run();
    await pay('R1', { at: MIDNIGHT - 2 * DAY, amount: 70, known: MIDNIGHT + 9 * HOUR });
    fixture.clock.now = MIDNIGHT + DAY + 2 * HOUR;
    expect(await run({ onlyNew: true })).toMatchObject([{ published: 1 }]);
    expect(await online()).toEqual(['70', 1]);
  });

  it('is read by the run of its day up to the end of the delay, and not a millisecond later', async () => {
    await pay('in time', { at: MIDNIGHT - 1, amount: 5, known: MIDNIGHT + 2 * HOUR });
    await pay('too late', { at: MIDNIGHT - 1, amount: 6, known: MIDNIGHT + 2 * HOUR + 1 });
    fixture.clock.now = MIDNIGHT + 9 * HOUR;
    await run();
    expect(await online()).toEqual(['105', 2]);
  });

  it('is not put into the past: a run of that day made later, live or as a backfill, gives what was known then', async () => {
    await run();
    await pay('R2', { at: MIDNIGHT - 6 * HOUR, amount: 50, known: MIDNIGHT + 5 * HOUR });
    fixture.clock.now = MIDNIGHT + DAY + 2 * HOUR;
    expect(await run({ asOf: MIDNIGHT })).toMatchObject([{ changed: 0 }]);
    await run();
    await backfill('2026-02-26', '2026-03-02');
    expect(await knownAt(MIDNIGHT + 4 * HOUR)).toEqual(['100', 1]);
    expect(await knownAt(MIDNIGHT + DAY + 2 * HOUR)).toEqual(['150', 2]);
    expect(await online()).toEqual(['150', 2]);
  });

  it('is in the days after it when the past is computed at once, and in none before it was known', async () => {
    await pay('R2', { at: MIDNIGHT - DAY - HOUR, amount: 50, known: MIDNIGHT - 9 * HOUR });
    await backfill('2026-02-26', '2026-03-01');
    const known = await Promise.all([-DAY, 0].map((day) => knownAt(MIDNIGHT + day + 2 * HOUR)));
    expect(known).toEqual([
      ['100', 1],
      ['150', 2],
    ]);
    expect(await online()).toEqual(['150', 2]);
  });

  it('while the workers were away for days is taken by the first run that is due again', async () => {
    await run({ onlyNew: true });
    await pay('R2', { at: MIDNIGHT + HOUR, amount: 50, known: MIDNIGHT + DAY });
    await pay('R3', { at: MIDNIGHT - 8 * HOUR, amount: 7, known: MIDNIGHT + 3 * DAY });
    fixture.clock.now = MIDNIGHT + 4 * DAY + 2 * HOUR;
    expect(await run({ onlyNew: true })).toMatchObject([{ asOf: new Date(MIDNIGHT + 4 * DAY).toISOString() }]);
    expect(await online()).toEqual(['157', 3]);
  });

  it('and cannot be computed sets its customer alone aside, who keeps the last row until it is corrected', async () => {
    const counted = (id: string, change = {}) =>
      paidView(id, {
        ...change,
        query: ({ source }) => sql`
          SELECT customer_id, toInt32(sum(principal_paid)) AS paid, toInt32(count()) AS times, NULL AS fee, false AS gone
          FROM ${source('repayments')} GROUP BY customer_id`,
      });
    view = counted(`counted_${tests}`);
    await run();
    await pay('huge', { at: MIDNIGHT + HOUR, amount: 3e9 });
    await pay('R2', { at: MIDNIGHT + HOUR, amount: 5, customer: 'C2' });
    fixture.clock.now = MIDNIGHT + DAY + 2 * HOUR;
    const setAside = { entities: 1, first: ['C1'] };
    expect(await run()).toMatchObject([{ rows: 1, changed: 1, setAside }]);
    expect(await online()).toEqual(['100', 1]);
    await pay('huge', { at: MIDNIGHT + HOUR, amount: 3, known: MIDNIGHT + 2 * DAY });
    fixture.clock.now = MIDNIGHT + 2 * DAY + 2 * HOUR;
    const [corrected] = await run();
    expect(corrected).toMatchObject({ rows: 2, changed: 2 });
    expect(corrected).not.toHaveProperty('setAside');
    expect(await online()).toEqual(['103', 2]);
    view = counted(`recounted_${tests}`);
    expect((await backfill('2026-02-28', '2026-03-03')).views).toMatchObject([{ asOfs: 4, rows: 5, setAside }]);
    expect(await knownAt(MIDNIGHT + DAY + 2 * HOUR)).toEqual(['100', 1]);
  });

  it('waits for the next run that is due: where none is, nothing is computed', async () => {
    await run({ onlyNew: true });
    await pay('R2', { at: MIDNIGHT - 6 * HOUR, amount: 50, known: MIDNIGHT + 5 * HOUR });
    fixture.clock.now = MIDNIGHT + 6 * HOUR;
    expect(await run({ onlyNew: true })).toEqual([]);
    expect(await online()).toEqual(['100', 1]);
  });

  it('is in the next hour of a view that is computed every hour', async () => {
    const hourly = paidView(`hourly_${tests}`, { schedule: { every: 'hour', delay: '10m' } });
    fixture.clock.now = MIDNIGHT + 10 * 60_000;
    await run({ onlyNew: true }, hourly);
    await pay('R2', { at: MIDNIGHT - 5 * 60_000, amount: 50, known: MIDNIGHT + 11 * 60_000 });
    expect(await online(hourly)).toEqual(['100', 1]);
    fixture.clock.now += HOUR - 1;
    expect(await run({ onlyNew: true }, hourly)).toEqual([]);
    fixture.clock.now++;
    await run({ onlyNew: true }, hourly);
    expect(await online(hourly)).toEqual(['150', 2]);
  });
});

it('a key that was deleted before an upgrade, whose end the release before did not write, ends with the next run, once', async () => {
  await pay('R2', { at: MIDNIGHT - 2 * DAY, amount: 5, customer: 'C2' });
  await run();
  const dayAfter = (days: number): void => {
    fixture.clock.now = MIDNIGHT + days * DAY + 2 * HOUR;
  };
  await pay('R1', { at: MIDNIGHT - 2 * DAY, amount: 100, known: MIDNIGHT + HOUR * 3, deleted: 1 });
  // What the query gives, and no end.
  const asBefore = changedWriters(fixture.writers, ({ stageRows }) => ({
    async stageRun(of) {
      const { tombstones, ...counts } = await stageRows(of, rowsOf([{ key: ['C2'], values: ['5', 1, null] }]));
      return counts;
    },
  }));
  dayAfter(1);
  await fixture
    .materializer({ writers: asBefore })
    .materialize({ jobId: newUuid(Date.now()), views: [view], now: fixture.clock.now }, unwatched());
  expect(await online()).toEqual(['100', 1]);
  dayAfter(2);
  await run();
  expect(await online()).toEqual([]);
  expect((await fixture.offline.rowsAt(view, fixture.clock.now, [['C1']]))[0]?.tombstone).toBe(true);
  expect(await knownAt(MIDNIGHT + DAY + 3 * HOUR)).toEqual(['100', 1]);
  const rows = await fixture.historyCount(view);
  dayAfter(3);
  await run();
  expect(await fixture.historyCount(view)).toBe(rows + 1);
});

async function* rowsOf(rows: readonly Omit<StagedRow, 'tombstone'>[]) {
  yield rows.map((row) => ({ ...row, tombstone: false }));
}

/** A loan whose first instalment fell due so many days ago, and of which nothing is paid. */
async function lend(
  loan: { readonly loan_id: string; readonly customer_id: string },
  dueDaysAgo: number,
): Promise<void> {
  const dueOn = (at: number) => new BusinessCalendar(TIMEZONE).dateOf(at);
  await sources.add('loans', [
    { ...loan, product: 'CASH', principal: 200, annual_rate: 0.1, term_months: 2, disbursed_at: MIDNIGHT - 33 * DAY },
  ]);
  await sources.add(
    'installments',
    [dueOn(MIDNIGHT - dueDaysAgo * DAY), dueOn(MIDNIGHT + 27 * DAY)].map((due_date, index) => ({
      ...loan,
      installment_no: index + 1,
      effective_at: MIDNIGHT - 33 * DAY,
      due_date,
      principal_due: 100,
      interest_due: 1,
    })),
  );
}

it('a payment of yesterday that arrives late is in the loan-days of yesterday, and from there in the next run of a view over them', async () => {
  view = dpdView('dpd');
  const loan = { loan_id: 'L9', customer_id: 'C1' };
  await lend(loan, 3);
  const byJob = async (now: number) => {
    fixture.clock.now = now;
    const services = {
      catalogue: catalogueOf([view]),
      materializer: fixture.materializer({ derived: [snapshots] }),
    };
    const context: JobContext<'catalogue' | 'materializer'> = {
      jobId: newUuid(now),
      scheduledFor: now,
      now: () => now,
      services,
      ...unwatched(),
      log: silentLog,
      metrics: noMetrics,
    };
    await materializeJob.run(context, {});
  };
  await byJob(MIDNIGHT + 2 * HOUR);
  expect(await online()).toEqual([2, '2026-02-28']);
  await sources.add('repayments', [
    {
      ...loan,
      repayment_id: 'P1',
      installment_no: 1,
      paid_at: MIDNIGHT - 5 * HOUR,
      principal_paid: 100,
      interest_paid: 1,
      method: 'SELF',
      ingested_at: MIDNIGHT + 7 * HOUR,
    },
  ]);
  await byJob(MIDNIGHT + DAY + 2 * HOUR);
  expect(await online()).toEqual([0, '2026-03-01']);
  const versions = await fixture.clickhouse.rows<{ dpd: number }>(
    'test',
    raw("SELECT dpd FROM loan_snapshots WHERE loan_id = 'L9' AND as_of = '2026-02-28' ORDER BY ingested_at"),
  );
  expect(versions.map(({ dpd }) => dpd)).toEqual([2, 0]);
});

it('a run that waits in vain for a long import of one table waits for a short one of another all the same', async () => {
  const never = new AbortController().signal;
  const [long, short] = [tableResource('installments'), tableResource('repayments')];
  const warned: unknown[] = [];
  const log = { ...silentLog, warn: (about: object) => void warned.push(about) };
  const patience = new AbortController();
  await fixture.leases.hold(long, never, async () => {
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const leases: Leases = {
      hold(resource, signal, body) {
        const held = fixture.leases.hold(resource, signal, body);
        if (resource.name !== short.name) return held;
        asked();
        return held.finally(() => patience.abort());
      },
    };
    let settled: Promise<void> | undefined;
    await fixture.leases.hold(short, never, async () => {
      settled = settleSources(
        { leases, log, derived: [] },
        [{ sources: ['installments', 'repayments'] }],
        never,
        patience.signal,
      );
      await isAsked;
    });
    await settled;
  });
  expect(warned).toEqual([{ table: 'installments' }]);
});

it('a run waits for an import that is writing to its source, though not for ever, and has its rows', async () => {
  const table = tableResource('repayments');
  const never = new AbortController().signal;
  let waits: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => {
    waits = resolve;
  });
  const leases: Leases = {
    hold(resource, signal, body) {
      if (resource.name === table.name) waits();
      return fixture.leases.hold(resource, signal, body);
    },
  };
  const request = { jobId: newUuid(Date.now()), views: [view], now: fixture.clock.now };
  const warned: string[] = [];
  const log = { ...silentLog, warn: (_: object, message: string) => void warned.push(message) };
  const running = await fixture.leases.hold(table, never, async () => {
    await settleSources({ leases: fixture.leases, log, derived: [] }, [view], never, AbortSignal.timeout(100));
    const result = fixture.materializer({ leases }).materialize(request, unwatched());
    await waiting;
    await pay('R2', { at: MIDNIGHT - DAY, amount: 50 });
    return { result };
  });
  expect(warned).toEqual([expect.stringContaining('an import is still writing')]);
  expect(await running.result).toMatchObject({ views: [{ rows: 1 }] });
  expect(await online()).toEqual(['150', 2]);
});

const promising = new SourceTables(
  new Map(
    TABLES.all.map((table) => {
      const completeness = table.name === 'repayments' ? { by: 'marked' as const, within: 6 * HOUR } : null;
      return [table.name, { ...table, completeness }];
    }),
  ),
);
const promised = (of: View): View => ({ ...of, origin: { ...of.origin, tables: promising } as View['origin'] });

describe('a view of a table that promises its days', () => {
  const world = (of: View) => {
    const completeness = completenessInMemory(fixture.clickhouse, () => fixture.clock.now, promising);
    const materializer = fixture.materializer({ completeness, derived: [snapshots] });
    const deps = {
      completeness,
      derived: [snapshots],
      ledger: fixture.ledger,
      calendar: new BusinessCalendar(TIMEZONE),
    };
    const request = () => ({ jobId: newUuid(Date.now()), views: [of], now: fixture.clock.now });
    return {
      mark: (through: string) => completeness.mark({ table: 'repayments', through, by: 'core' }),
      tick: () => materializer.materialize({ ...request(), onlyNew: true }, unwatched()),
      again: () => materializer.republish(request(), unwatched()),
      backfill: (from: string, to: string) => materializer.backfill({ ...request(), from, to }, unwatched()),
      waiting: async () => (await waits(deps, [of], fixture.clock.now)).get(of.id),
    };
  };
  const missing = [{ table: 'repayments', day: '2026-02-28' }];
  const at = (hours: number) => {
    fixture.clock.now = MIDNIGHT + hours * HOUR;
  };

  it('waits for the day that is not marked, reads what came until it was, and a backfill gives the same', async () => {
    view = promised(view);
    const { mark, tick, waiting } = world(view);
    at(-22);
    await mark('2026-02-27');
    at(2);
    expect(await tick()).toMatchObject({
      views: [{ asOf: new Date(MIDNIGHT - DAY).toISOString() }],
      waiting: [{ view: view.id, until: new Date(MIDNIGHT + 6 * HOUR).toISOString(), for: missing }],
    });
    expect(await waiting()).toMatchObject({ waitsFor: missing, waitsUntil: MIDNIGHT + 6 * HOUR, incomplete: [] });
    expect(await online()).toEqual(['100', 1]);
    await pay('R2', { at: MIDNIGHT - 6 * HOUR, amount: 50, known: MIDNIGHT + 3.8 * HOUR });
    at(4);
    await mark('2026-02-28');
    await pay('R3', { at: MIDNIGHT - 6 * HOUR, amount: 7, known: MIDNIGHT + 4.5 * HOUR });
    at(5);
    const { views, waiting: left } = await tick();
    expect([views, left]).toMatchObject([[{ rows: 1, changed: 1 }], undefined]);
    expect(views[0]).not.toHaveProperty('incomplete');
    expect(await waiting()).toMatchObject({ waitsFor: [], waitsUntil: null, incomplete: [] });
    expect(await online()).toEqual(['150', 2]);
    expect(await Promise.all([knownAt(MIDNIGHT + 5 * HOUR - 1), knownAt(MIDNIGHT + 5 * HOUR)])).toEqual([
      ['100', 1],
      ['150', 2],
    ]);
    view = promised(paidView(`${view.name}_filled`));
    const filled = world(view);
    at(4);
    await filled.mark('2026-02-28');
    at(9);
    await filled.backfill('2026-03-01', '2026-03-01');
    expect(await Promise.all([knownAt(MIDNIGHT + 4 * HOUR - 1), knownAt(MIDNIGHT + 4 * HOUR)])).toEqual([
      undefined,
      ['150', 2],
    ]);
  });

  it('runs at its deadline without it, says so, and is whole once it is published again after the mark', async () => {
    view = promised(view);
    const { mark, tick, again, waiting } = world(view);
    await mark('2026-02-27');
    await tick();
    at(6);
    expect(await tick()).toMatchObject({ views: [{ asOf: new Date(MIDNIGHT).toISOString(), incomplete: missing }] });
    expect(await waiting()).toMatchObject({ waitsFor: [], incomplete: missing });
    await pay('R2', { at: MIDNIGHT - 6 * HOUR, amount: 50, known: MIDNIGHT + 7 * HOUR });
    at(8);
    await mark('2026-02-28');
    at(9);
    expect((await again()).views[0]).not.toHaveProperty('incomplete');
    expect(await waiting()).toMatchObject({ incomplete: [] });
    expect(await online()).toEqual(['150', 2]);
  });

  it('over loan-days has what came while it waited, though their derivation was before it', async () => {
    view = promised(dpdView('dpd_waited'));
    const { mark, tick } = world(view);
    const loan = { loan_id: 'L8', customer_id: 'C8' };
    await lend(loan, 3);
    at(48 + 2);
    await mark('2026-03-01');
    await tick();
    await sources.add('repayments', [
      {
        ...loan,
        repayment_id: 'P8',
        installment_no: 1,
        paid_at: MIDNIGHT + 43 * HOUR,
        principal_paid: 100,
        interest_paid: 1,
        method: 'SELF',
        ingested_at: MIDNIGHT + 51 * HOUR,
      },
    ]);
    at(52);
    await mark('2026-03-02');
    at(53);
    await tick();
    const { offline, online: cells } = await fixture.newest(view);
    expect(cells).toEqual(offline);
    expect(offline.find(({ key }) => key[0] === 'C8')?.values).toEqual([0, '2026-03-02']);
  });
});

describe('an as-of that is published again', () => {
  const republish = async (change: { asOf?: number } = {}, of = view): Promise<readonly ViewResult[]> => {
    const request = { jobId: newUuid(Date.now()), views: [of], now: fixture.clock.now, ...change };
    return (await fixture.materializer().republish(request, unwatched())).views;
  };
  const late = () => pay('R2', { at: MIDNIGHT - 6 * HOUR, amount: 50, known: MIDNIGHT + 5 * HOUR });

  it('has what came late, from the moment at which it can be read, and a decision before that reads what it read', async () => {
    await run();
    await late();
    const now = MIDNIGHT + 6 * HOUR;
    fixture.clock.now = now;
    expect(await republish()).toMatchObject([{ rows: 1, changed: 1, knownBy: new Date(now).toISOString() }]);
    expect(await online()).toEqual(['150', 2]);
    expect(await Promise.all([knownAt(now - 1), knownAt(now)])).toEqual([
      ['100', 1],
      ['150', 2],
    ]);
  });

  it('twice is as once', async () => {
    await run();
    await late();
    fixture.clock.now = MIDNIGHT + 6 * HOUR;
    await republish();
    const rows = await fixture.historyCount(view);
    expect(await republish()).toMatchObject([{ changed: 0, published: 0, restored: 0 }]);
    expect(await fixture.historyCount(view)).toBe(rows);
  });

  it('is not taken back by a later scheduled run or backfill of it, nor is what was known of it before moved', async () => {
    await run();
    await late();
    fixture.clock.now = MIDNIGHT + 6 * HOUR;
    await republish();
    fixture.clock.now = MIDNIGHT + 7 * HOUR;
    expect(await run({ asOf: MIDNIGHT })).toMatchObject([{ changed: 0 }]);
    await backfill('2026-02-28', '2026-03-01');
    expect(await online()).toEqual(['150', 2]);
    expect(await knownAt(MIDNIGHT + 6 * HOUR - 1)).toEqual(['100', 1]);
  });

  it('is not taken back by a job that began before it and comes back after it', async () => {
    const [scheduled, filled] = [newUuid(1), newUuid(2)];
    await run();
    const broken = changedWriters(fixture.writers, () => {
      const fail = () => Promise.reject(new Error('the process is killed'));
      return { stageRun: fail, stageRuns: fail };
    });
    const of = { views: [view], now: fixture.clock.now };
    const days = { from: '2026-03-01', to: '2026-03-01' };
    const dying = fixture.materializer({ writers: broken });
    await expect(dying.materialize({ ...of, jobId: scheduled, asOf: MIDNIGHT }, unwatched())).rejects.toThrow('killed');
    await expect(dying.backfill({ ...of, ...days, jobId: filled }, unwatched())).rejects.toThrow('killed');
    await late();
    fixture.clock.now = MIDNIGHT + 6 * HOUR;
    await republish();
    fixture.clock.now = MIDNIGHT + 7 * HOUR;
    expect(await run({ asOf: MIDNIGHT, jobId: scheduled })).toMatchObject([{ changed: 0 }]);
    const again = fixture.materializer().backfill({ ...of, ...days, jobId: filled }, unwatched());
    expect(await again).toMatchObject({ views: [{ changed: 0 }] });
    expect(await online()).toEqual(['150', 2]);
    const [known] = await fixture.ledger.computed([view.id], MIDNIGHT - 1);
    expect(known).toMatchObject({ asOf: MIDNIGHT, knowledge: MIDNIGHT + 6 * HOUR });
  });

  it('ends a key whose only row was deleted late, and brings it back with the correction', async () => {
    await run();
    await pay('R1', { at: MIDNIGHT - 2 * DAY, amount: 100, known: MIDNIGHT + 3 * HOUR, deleted: 1 });
    fixture.clock.now = MIDNIGHT + 4 * HOUR;
    await republish();
    expect(await online()).toEqual([]);
    await pay('R1', { at: MIDNIGHT - 2 * DAY, amount: 70, known: MIDNIGHT + 5 * HOUR });
    fixture.clock.now = MIDNIGHT + 6 * HOUR;
    await republish();
    expect(await online()).toEqual(['70', 1]);
    expect(await knownAt(MIDNIGHT + 3 * HOUR)).toEqual(['100', 1]);
  });

  it('of an earlier day leaves the newer rows online as they are', async () => {
    await run();
    fixture.clock.now = MIDNIGHT + DAY + 2 * HOUR;
    await run();
    await pay('R2', { at: MIDNIGHT - HOUR, amount: 50, known: MIDNIGHT + DAY + 3 * HOUR });
    fixture.clock.now = MIDNIGHT + DAY + 4 * HOUR;
    expect(await republish({ asOf: MIDNIGHT })).toMatchObject([{ changed: 1 }]);
    expect(await online()).toEqual(['100', 1]);
    await republish();
    expect(await online()).toEqual(['150', 2]);
  });

  it('and that no run has computed is first computed as its schedule would have', async () => {
    await late();
    fixture.clock.now = MIDNIGHT + 6 * HOUR;
    expect(await republish()).toMatchObject([{ changed: 1 }]);
    const rows = await fixture.clickhouse.rows<{ paid: string }>(
      'test',
      raw(`SELECT toString(paid) AS paid FROM history_${view.name}_v1 ORDER BY _sequence`),
    );
    expect(rows.map(({ paid }) => paid)).toEqual(['100', '150']);
  });
});

/** A file of one payment that comes now, in the columns of the table; returns how many rows are accepted. */
async function importPayment(row: Readonly<Record<string, unknown>>): Promise<number> {
  const line = JSON.stringify({ customer_id: 'C1', loan_id: 'L1', principal_paid: 0, interest_paid: 0, ...row });
  const { accepted } = await openImports(fixture.clickhouse, fixture.leases).import({
    table: 'repayments',
    format: 'ndjson',
    history: false,
    clock: () => fixture.clock.now,
    requestId: 'late',
    body: (async function* () {
      yield Buffer.from(`${line}\n`);
    })(),
  });
  return accepted;
}

describe('what came late is found by itself', () => {
  const instant = (at: number) => new Date(at).toISOString();
  const round = (at: number, change: { days?: number; budgetMs?: number } = {}) => {
    fixture.clock.now = at;
    const request = { jobId: newUuid(at), views: [view], now: at, days: 3, ...change };
    return fixture.materializer().republishLate(request, unwatched());
  };
  const tick = async (at: number, days = 3): Promise<readonly ViewResult[]> => (await round(at, { days })).views;
  const arrive = (id: string, at: number, { paidAt, amount }: { readonly paidAt: number; readonly amount: number }) => {
    fixture.clock.now = at;
    return importPayment({ repayment_id: id, paid_at: instant(paidAt), principal_paid: amount });
  };
  // What is there before is that of an import that was recorded.
  const record = () =>
    fixture.clickhouse.run(
      'test',
      raw(`INSERT INTO source_imports (table, import_id, seq, at)
        SELECT 'repayments', 'R1', seq, ingested_at FROM repayments WHERE repayment_id = 'R1'`),
    );
  beforeEach(record);

  it('and its as-ofs are published again once, the newest first; those of before it happened and of before the window are not', async () => {
    await backfill('2026-02-24', '2026-02-28');
    await run();
    expect(await tick(MIDNIGHT + 4 * HOUR)).toEqual([]);
    await arrive('R2', MIDNIGHT + 5 * HOUR, { paidAt: MIDNIGHT - DAY - HOUR, amount: 50 });
    const hurried = await round(MIDNIGHT + 6 * HOUR, { budgetMs: 0 });
    expect(hurried.views).toMatchObject([{ asOf: instant(MIDNIGHT), changed: 1 }]);
    const left = instant(MIDNIGHT - DAY);
    expect(hurried.notes).toEqual([
      `${view.id}: out of time with 1 late as-of left, ${left} to ${left}; the next round goes on with the newest`,
    ]);
    const next = await round(MIDNIGHT + 6 * HOUR + 1, { budgetMs: HOUR });
    expect(next).toMatchObject({ views: [{ asOf: left, changed: 1 }] });
    expect(next).not.toHaveProperty('notes');
    expect(await online()).toEqual(['150', 2]);
    expect(await knownAt(MIDNIGHT + 6 * HOUR - 1)).toEqual(['100', 1]);
    expect(await tick(MIDNIGHT + 7 * HOUR)).toEqual([]);
    await arrive('R3', MIDNIGHT + 8 * HOUR, { paidAt: MIDNIGHT - 3 * DAY, amount: 1 });
    expect(await tick(MIDNIGHT + 9 * HOUR, 1)).toMatchObject([{ asOf: instant(MIDNIGHT) }]);
    expect(await online()).toEqual(['151', 3]);
  });

  it.each([
    ['and is sent again', { repayment_id: 'R2', paid_at: instant(MIDNIGHT - HOUR), principal_paid: 50 }],
    ['before one without a good row', { repayment_id: '' }],
  ])('in the rows of an import that was broken off before it was recorded, %s', async (_, next) => {
    await run();
    expect(await arrive('R2', MIDNIGHT + 3 * HOUR, { paidAt: MIDNIGHT - HOUR, amount: 50 })).toBe(1);
    await fixture.clickhouse.run('test', raw('TRUNCATE TABLE source_imports'));
    await record();
    expect(await tick(MIDNIGHT + 4 * HOUR)).toEqual([]);
    fixture.clock.now = MIDNIGHT + 5 * HOUR;
    expect(await importPayment(next)).toBe(0);
    expect(await tick(MIDNIGHT + 6 * HOUR)).toMatchObject([{ asOf: instant(MIDNIGHT), changed: 1 }]);
    expect(await online()).toEqual(['150', 2]);
    expect(await tick(MIDNIGHT + 7 * HOUR)).toEqual([]);
  });

  it('and is stamped online as in the history by the next round, where the process died right after its commit', async () => {
    await run();
    await arrive('R2', MIDNIGHT + 3 * HOUR, { paidAt: MIDNIGHT - HOUR, amount: 50 });
    fixture.clock.now = MIDNIGHT + 4 * HOUR;
    // By each look at it the clock goes on: the rows of a run are readable later than its first one was written.
    const storeClock = async () => ++fixture.clock.now;
    const newestRows = () => {
      throw new Error('the process is killed');
    };
    const dying = fixture.materializer({ storeClock, offline: { ...fixture.offline, newestRows } });
    const request = { jobId: newUuid(7), views: [view], days: 3, now: fixture.clock.now };
    await expect(dying.republishLate(request, unwatched())).rejects.toThrow('killed');
    const { offline, online: cells } = await fixture.newest(view);
    expect(cells).not.toEqual(offline);
    expect(await tick(MIDNIGHT + 5 * HOUR)).toEqual([]);
    expect(await online()).toEqual(['150', 2]);
  });

  /** Days of one life, each a schedule drawn at random. The suite has time for a few of them: RISKGRAPH_LATE_SCHEDULES=500 draws so many. */
  const schedules = Number(process.env.RISKGRAPH_LATE_SCHEDULES ?? 3);
  it(
    'through schedules of late files, marks and republications: online is the newest of the history, which keeps what was served',
    async () => {
      const seed = 20_260_301;
      view = promised(view);
      const completeness = completenessInMemory(fixture.clickhouse, () => fixture.clock.now, promising);
      const materializer = fixture.materializer({ completeness });
      const imports = openImports(fixture.clickhouse, fixture.leases);
      const calendar = new BusinessCalendar(TIMEZONE);
      const model = new LateModel({ id: 'R1', customer: 'C1', at: MIDNIGHT - 2 * DAY, amount: 100, deleted: false });
      const request = () => ({ jobId: newUuid(fixture.clock.now), views: [view], now: fixture.clock.now });
      const perform = async ({ act }: Step): Promise<void> => {
        if (act.kind === 'file') {
          const lines = act.rows.map(({ id, customer, at, amount, deleted }) =>
            JSON.stringify({
              repayment_id: id,
              customer_id: customer,
              loan_id: 'L1',
              paid_at: instant(at),
              principal_paid: amount,
              interest_paid: 0,
              ...(id === 'R1' && { method: 'SELF' }),
              ...(deleted && { deleted: 1 }),
            }),
          );
          const body = Readable.from([Buffer.from(`${lines.join('\n')}\n`)]);
          const clock = () => fixture.clock.now;
          await imports.import({
            table: 'repayments',
            format: 'ndjson',
            history: false,
            clock,
            requestId: 'drawn',
            body,
          });
        } else if (act.kind === 'mark') {
          const through = calendar.dateOf(MIDNIGHT + act.day * DAY);
          await completeness.mark({ table: 'repayments', through, by: 'core' });
        } else if (act.kind === 'tick') await materializer.materialize({ ...request(), onlyNew: true }, unwatched());
        else await materializer.republishLate({ ...request(), days: 3 }, unwatched());
      };
      const valuesOf = (rows: readonly (ViewRow | null)[]) =>
        rows.flatMap((row) =>
          row && !row.tombstone ? [[row.key[0] as string, row.values.slice(0, 2) as unknown] as const] : [],
        );
      for (const [day, schedule] of fc.sample(daySchedule, { numRuns: schedules, seed }).entries()) {
        for (const step of model.steps(schedule, day)) {
          fixture.clock.now = step.now;
          await perform(step);
          const expected = model.follow(step);
          if (step.act.kind === 'file' || step.act.kind === 'mark' || expected === null) continue;
          const { offline, online: cells } = await fixture.newest(view);
          const words = `seed ${seed}, day ${day}, ${step.act.kind} at ${instant(step.now)}`;
          expect(cells, words).toEqual(offline);
          expect(new Map(valuesOf(offline)), words).toEqual(expected);
        }
      }
      const keys = ['C1', 'C2', 'C3', 'C4', 'C5', 'C6'].map((customer) => [customer]);
      // What was served from one step to the next: a decision right before a step still reads it.
      for (const [index, { from, values }] of model.served.entries()) {
        const at = model.served[index + 1]?.from ?? from + 2;
        expect(new Map(valuesOf(await fixture.offline.rowsAt(view, at - 1, keys))), instant(at)).toEqual(values);
      }
    },
    schedules * 60_000,
  );

  it('unless it happened after the as-of; a correction that moves a payment out of the day is late too', async () => {
    await run();
    await arrive('R2', MIDNIGHT + 3 * HOUR, { paidAt: MIDNIGHT + HOUR, amount: 50 });
    expect(await tick(MIDNIGHT + 4 * HOUR)).toEqual([]);
    await arrive('R1', MIDNIGHT + 5 * HOUR, { paidAt: MIDNIGHT + 2 * HOUR, amount: 100 });
    expect(await tick(MIDNIGHT + 6 * HOUR)).toMatchObject([{ changed: 1 }]);
    expect(await online()).toEqual([]);
  });
});

it('a late repayment of a customer at 15 days past due corrects loan-days, days past due and score the same day, and training at 9:00 and 14:00 reads what decisions did', async () => {
  const loan = { loan_id: 'L15', customer_id: 'C15' };
  await lend(loan, 12);
  const folder = await mkdtemp(join(tmpdir(), 'riskgraph-late-'));
  const onnxPath = join(folder, 'dpd.onnx');
  const file = lookupOnnx(Array.from({ length: 40 }, (_, dpd) => (dpd + 1) / 100));
  await writeFile(onnxPath, file);
  const days = dpdView('dpd_scored');
  const scored = await scoredViews('late_dpd', {
    inputs: days,
    references: [`${days.id}:dpd`],
    onnxPath,
    onnxHash: onnxHashOf(file),
    tensors: { input: 'features', probability: 'probability' },
    card: { medians: [0] },
  });
  const { scores, scorer } = await openScoring({ ...fixture, clock: () => fixture.clock.now }, [scored.model]);
  const materializer = fixture.materializer({ derived: [snapshots], scores });
  const at = (hours: number) => MIDNIGHT + 4 * DAY + hours * HOUR;
  const asked = (now: number) => {
    fixture.clock.now = now;
    return { jobId: newUuid(now), views: [scored.view, days], now };
  };
  await materializer.materialize(asked(at(3)), unwatched());
  const decision = async () => {
    const read = { keys: [['C15']], views: [days, scored.view], entity: days.entity };
    const [[cells] = []] = await fixture.online.read([read]);
    return (cells as readonly ViewRow[]).map(({ values }) => values[0]);
  };
  const atNine = await decision();
  expect(atNine).toEqual([15, expect.closeTo(0.16)]);

  const paid = { paid_at: at(-5), principal_paid: 100, interest_paid: 1, ingested_at: at(12) };
  await sources.add('repayments', [{ ...loan, repayment_id: 'P15', installment_no: 1, ...paid }]);
  const { views } = await materializer.republish(asked(at(13)), unwatched());
  expect(views).toMatchObject([
    { view: days.id, changed: 1 },
    { view: scored.view.id, changed: 1 },
  ]);
  const atTwo = await decision();
  expect(atTwo).toEqual([0, expect.closeTo(0.01)]);

  const { rows } = await fixture.offline.historicalFeatures({
    features: [...refsOf(days).slice(0, 1), ...refsOf(scored.view).slice(0, 1)],
    spine: { customer_id: ['C15', 'C15'], event_timestamp: [9, 14].map((hour) => new Date(at(hour)).toISOString()) },
    includeEventTimes: false,
    includeStatuses: false,
  });
  expect(rows.map((row) => row.slice(2))).toEqual([atNine, atTwo]);

  // The derivation of the day finds the restated days as it would make them.
  const versions = () =>
    fixture.clickhouse.rows<{ dpd: number; known: string }>(
      'test',
      raw(`SELECT dpd, toString(toUnixTimestamp64Milli(ingested_at)) AS known FROM loan_snapshots
        WHERE loan_id = 'L15' AND as_of = '2026-03-04' ORDER BY ingested_at`),
    );
  const restated = [
    { dpd: 15, known: String(at(0.5)) },
    { dpd: 0, known: String(at(13)) },
  ];
  expect(await versions()).toEqual(restated);
  await materializer.materialize(asked(at(27)), unwatched());
  expect(await versions()).toEqual(restated);
  expect(await decision()).toEqual([0, expect.closeTo(0.01)]);

  // It bounced: what a file says after the run is found by the next tick, in the loan-days as well as in the score.
  fixture.clock.now = at(27.5);
  await importPayment({
    ...loan,
    ...paid,
    repayment_id: 'P15',
    paid_at: new Date(at(-5)).toISOString(),
    ingested_at: undefined,
    deleted: 1,
  });
  const late = await materializer.republishLate({ ...asked(at(28)), days: 3 }, unwatched());
  expect(late.views.map(({ view: id, asOf, changed }) => [id, asOf, changed])).toEqual([
    [days.id, new Date(at(24)).toISOString(), 1],
    [days.id, new Date(at(0)).toISOString(), 1],
    [scored.view.id, new Date(at(24)).toISOString(), 1],
  ]);
  expect(await decision()).toEqual([16, expect.closeTo(0.17)]);
  await scorer.close();
  await rm(folder, { recursive: true });
});
