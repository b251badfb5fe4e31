import { describe, expect, it } from 'vitest';
import type { View } from '../../src/core/definitions/definitions.js';
import type { Sql } from '../../src/core/definitions/sql.js';
import { addDays, BusinessCalendar, HOUR, type LocalDate } from '../../src/core/helpers/time.js';
import type { Arrival } from '../../src/core/ports/arrivals.js';
import type { DerivedTable } from '../../src/core/ports/derived.js';
import type { ComputedAsOf } from '../../src/core/ports/materialize.js';
import { notesOf, planBackfill } from '../../src/materialize/backfill.js';
import { dueRuns } from '../../src/materialize/due-runs.js';
import { lateAsOfs } from '../../src/materialize/late-as-ofs.js';
import { lateness } from '../../src/materialize/lateness.js';
import { createMaterializer } from '../../src/materialize/materializer.js';
import { readiness } from '../../src/materialize/readiness.js';
import type { MaterializerDeps } from '../../src/materialize/run-steps.js';
import { checkAsOf, checkRemoved, instantsBetween, newestDue, readableFrom } from '../../src/materialize/schedule.js';
import { noWholeDays } from './views.js';

const utc = (text: string): number => Date.parse(`${text}Z`);
const shanghai = new BusinessCalendar('Asia/Shanghai');
const newYork = new BusinessCalendar('America/New_York');
const daily = { id: 'daily@1', schedule: { every: 'day', delay: '2h' }, delayMs: 2 * HOUR } as const;
const hourly = { id: 'hourly@1', schedule: { every: 'hour', delay: '10m' }, delayMs: HOUR / 6 } as const;
const readsNothing = { sources: [], deadlineMs: null, origin: { kind: 'query', tables: { find: () => undefined } } };

describe('a view is late', () => {
  const midnight = utc('2026-02-28T16:00:00');
  it.each([
    ['not at all where its newest as-of that is due is committed', midnight, 9 * HOUR, 0],
    ['from the end of the delay of the first as-of that is not', midnight - 24 * HOUR, 9 * HOUR, 7 * 3_600],
    ['since then also where others came due after it', midnight - 72 * HOUR, 9 * HOUR, (2 * 24 + 7) * 3_600],
    ['since its newest as-of was due where it has never run', undefined, 9 * HOUR, 7 * 3_600],
    ['not while its next as-of waits for its delay', midnight - 24 * HOUR, 2 * HOUR - 1, 0],
  ])('%s', async (_, committed, since, seconds) => {
    const view = { ...daily, ...readsNothing } as unknown as View;
    const ledger = { committed: async () => new Map(committed === undefined ? [] : [[view.id, committed]]) };
    const late = await lateness(
      { ledger, calendar: shanghai, derived: [], completeness: noWholeDays },
      [view],
      midnight + since,
    );
    expect(late.get(view.id)).toBe(seconds);
  });
});

describe('a view of tables that promise their days', () => {
  const midnight = utc('2026-02-28T16:00:00');
  const day = '2026-02-28';
  const repayments = { name: 'repayments', completeness: { by: 'marked', within: 6 * HOUR } };
  const costs = { name: 'costs', completeness: { by: 'marked', within: 80 * HOUR } };
  const tables = { find: (name: string) => [repayments, costs].find((table) => table.name === name) };
  const snapshots = { name: 'loan_snapshots', inputs: ['repayments'] } as unknown as DerivedTable;
  const origin = { kind: 'query', tables };
  const viewOf = (change: object): View =>
    ({ ...daily, deadlineMs: null, sources: ['repayments'], origin, ...change }) as unknown as View;
  /** Whole since so long after the midnight; null: not. */
  const depsOf = (wholeAfter: number | null) => ({
    calendar: shanghai,
    derived: [snapshots],
    completeness: {
      wholeSince: async (_: string, days: readonly LocalDate[]) =>
        new Map(days.flatMap((each) => (wholeAfter === null ? [] : [[each, midnight + wholeAfter * HOUR] as const]))),
    },
  });
  const scores = viewOf({
    id: 'scores@1',
    delayMs: 3 * HOUR,
    sources: [],
    origin: { kind: 'scores', model: { features: [{ view: viewOf({}) }] } },
  });

  it.each([
    ['begins after its delay where they are whole by then', viewOf({}), 1, 2, 2],
    ['begins once they are whole', viewOf({}), 3.5, 3.5, 3.5],
    ['begins once they are due by their promise where they are not', viewOf({}), null, 6, 6],
    ['does so too where they are whole later', viewOf({}), 7, 6, 6],
    ['begins at its own deadline where it has one', viewOf({ deadlineMs: 3 * HOUR }), null, 3, 3],
    ['waits for none where its deadline is its delay', viewOf({ deadlineMs: 2 * HOUR }), null, 2, 2],
    ['never waits until the next as-of is due', viewOf({ sources: ['costs'] }), null, 26, 26],
    ['waits for what a derived table is made of', viewOf({ sources: ['loan_snapshots'] }), 4, 4, 4],
    ['waits for none where it is hourly', viewOf({ ...hourly }), null, 1 / 6, 1 / 6],
    ['waits as its inputs do where it holds scores', scores, 5, 5, 5],
    ['waits as long as its inputs where it holds scores', scores, null, 6, 6],
    ['waits for nothing else', viewOf({ sources: ['places'] }), null, 2, 2],
  ])('%s', async (_, view, wholeAfter, begins, knows) => {
    const ready = await readiness(depsOf(wholeAfter), view, midnight);
    expect(ready.startsAt - midnight).toBe(begins * HOUR);
    expect(ready.knowledgeAt(midnight + 40 * HOUR) - midnight).toBe(knows * HOUR);
    const isMissing = !view.sources.includes('places') && (wholeAfter ?? Number.POSITIVE_INFINITY) > begins;
    const table = view.sources.includes('costs') ? 'costs' : 'repayments';
    expect(ready.missingAt(ready.startsAt)).toEqual(isMissing ? [{ table, day }] : []);
  });

  it.each([
    ['waits, and the as-of before is computed where it never was', undefined, 3, [-24]],
    ['waits, and nothing is computed where the as-of before is committed', -24, 3, []],
    ['is computed once its deadline is over', -24, 6, [0]],
    ['is computed alone where the as-of before was not, once its deadline is over', -72, 6, [0]],
    ['is not computed again', 0, 7, []],
  ])('%s', async (_, committed, now, computed) => {
    const view = viewOf({});
    const done = new Map(committed === undefined ? [] : [[view.id, midnight + committed * HOUR]]);
    const asked = [{ view, asOf: midnight }];
    const found = await dueRuns(depsOf(null), asked, { now: midnight + now * HOUR, committed: done });
    expect(found.runs.map(({ asOf }) => (asOf - midnight) / HOUR)).toEqual(computed);
    const waits = { view: view.id, asOf: '2026-02-28T16:00:00.000Z', until: '2026-02-28T22:00:00.000Z' };
    expect(found.waiting).toEqual(now < 6 ? [{ ...waits, for: [{ table: 'repayments', day }] }] : []);
  });

  it('is late from its deadline on, not while it waits', async () => {
    const late = async (now: number, wholeAfter: number | null) => {
      const ledger = { committed: async () => new Map([['daily@1', midnight - 24 * HOUR]]) };
      return (await lateness({ ...depsOf(wholeAfter), ledger }, [viewOf({})], midnight + now * HOUR)).get('daily@1');
    };
    expect(await Promise.all([late(5, null), late(8, null), late(8, 4)])).toEqual([0, 2 * 3_600, 4 * 3_600]);
  });
});

describe('an as-of is late', () => {
  const midnight = utc('2026-02-28T16:00:00');
  const snapshots = {
    name: 'loan_snapshots',
    inputs: ['repayments'],
    derivedBy: () => midnight + HOUR / 2,
    derivedUntil: () => midnight,
    derive: async () => undefined,
  };
  const find = (views: readonly View[], came: readonly Arrival[], computed: readonly ComputedAsOf[], now: number) =>
    lateAsOfs(
      {
        ledger: { computed: async () => computed } as unknown as MaterializerDeps['ledger'],
        arrivals: { newest: async () => ({}), since: async () => came },
        derived: [snapshots],
        calendar: shanghai,
      },
      views,
      { now, days: 3 },
    );
  const runOf = (viewId: string, asOf: number, seq = '1'): ComputedAsOf => ({
    viewId,
    asOf,
    knowledge: asOf + hourly.delayMs,
    kind: 'LIVE',
    imports: { repayments: seq },
    incomplete: [],
    derivedAnew: false,
  });
  const arrivalOf = (firstEvent: number, lastKnown: number, seq = '2'): Arrival => ({
    table: 'repayments',
    seq,
    firstEvent,
    lastKnown,
  });

  it.each([
    ['by what happened before it, where its view reads the table', 'repayments', 9 * HOUR, true],
    ['and not by what happened after it', 'repayments', 10 * HOUR + 1, false],
    [
      'and, where its view reads loan-days, not by what happened today: they end with yesterday',
      'loan_snapshots',
      0,
      false,
    ],
    ['but by what happened yesterday', 'loan_snapshots', -1, true],
  ])('%s', async (_, source, happened, isLate) => {
    const view = { ...hourly, ...readsNothing, sources: [source] } as unknown as View;
    const ten = midnight + 10 * HOUR;
    const came = [arrivalOf(midnight + happened, ten + HOUR / 4)];
    const late = await find([view], came, [runOf(view.id, ten)], ten + HOUR / 2);
    expect(late).toEqual(isLate ? [{ view, asOfs: [ten] }] : []);
  });

  it('is found among a day of imports each second and hourly views in a moment: by the number or by the time that a run has not seen', async () => {
    const seconds = 86_400;
    const came = Array.from({ length: seconds }, (_, second) =>
      arrivalOf(midnight - ((second * 7_919) % seconds) * 1_000, midnight + second * 1_000, String(second + 1)),
    );
    const views = Array.from(
      { length: 30 },
      (_, index) =>
        ({ ...hourly, ...readsNothing, id: `hourly_${index}@1`, sources: ['repayments'] }) as unknown as View,
    );
    const hours = Array.from({ length: 72 }, (_, hour) => midnight + (hour - 47) * HOUR);
    const seen = (hour: number) => (hour * 9_973) % (seconds + 1);
    const computed = hours.flatMap((asOf, hour) => views.map(({ id }) => runOf(id, asOf, String(seen(hour)))));
    const began = performance.now();
    const late = await find(views, came, computed, midnight + 25 * HOUR);
    expect(performance.now() - began).toBeLessThan(20_000);
    const expected = hours.filter((asOf, hour) =>
      came.some(
        ({ seq, firstEvent, lastKnown }) =>
          firstEvent <= asOf && (Number(seq) > seen(hour) || lastKnown > asOf + hourly.delayMs),
      ),
    );
    expect(expected.length).toBeGreaterThan(24);
    expect(late.map(({ asOfs }) => asOfs)).toEqual(views.map(() => expected));
  });

  it('for no store is asked where no days are looked back at', async () => {
    const { republishLate } = createMaterializer({} as unknown as MaterializerDeps);
    const nobody = { signal: new AbortController().signal, report: async () => undefined };
    const request = { jobId: 'j', views: [daily as unknown as View], now: midnight, days: 0 };
    expect(await republishLate(request, nobody)).toEqual({ views: [] });
  });
});

describe('the newest as-of that is due', () => {
  it('is the local midnight from the millisecond on at which its delay is over', () => {
    const midnight = utc('2026-02-28T16:00:00');
    expect(newestDue(daily, midnight + 2 * HOUR, shanghai)).toBe(midnight);
    expect(newestDue(daily, midnight + 2 * HOUR - 1, shanghai)).toBe(midnight - 24 * HOUR);
  });

  it('is a local midnight 23 or 25 hours after the last where the clocks change (rule 3)', () => {
    const dates = ['2026-03-08', '2026-03-09', '2026-11-01', '2026-11-02'];
    const midnights = dates.map((date) => newestDue(daily, newYork.at(date, '12:00'), newYork));
    expect(midnights).toEqual([
      utc('2026-03-08T05:00:00'),
      utc('2026-03-09T04:00:00'),
      utc('2026-11-01T04:00:00'),
      utc('2026-11-02T05:00:00'),
    ]);
  });

  it('is the first instant of the day where there is no midnight', () => {
    const saoPaulo = new BusinessCalendar('America/Sao_Paulo');
    expect(newestDue(daily, utc('2018-11-04T12:00:00'), saoPaulo)).toBe(utc('2018-11-04T03:00:00'));
  });

  it('is the first of the two midnights of a day whose clocks go back at one', () => {
    const havana = new BusinessCalendar('America/Havana');
    const first = utc('2026-11-01T04:00:00');
    expect(newestDue(daily, first + 2 * HOUR, havana)).toBe(first);
    expect(newestDue(daily, first + 2 * HOUR - 1, havana)).toBe(first - 24 * HOUR);
    expect(newestDue({ ...daily, delayMs: 0 }, first + HOUR / 2, havana)).toBe(first);
  });

  it('is a full UTC hour for an hourly view', () => {
    expect(newestDue(hourly, utc('2026-03-01T10:10:00'), shanghai)).toBe(utc('2026-03-01T10:00:00'));
    expect(newestDue(hourly, utc('2026-03-01T10:09:59.999'), shanghai)).toBe(utc('2026-03-01T09:00:00'));
  });

  it('is always due itself, and a valid as-of, over two years of hours in a zone with changing clocks', () => {
    for (let now = utc('2025-01-01T00:07:00'); now < utc('2027-01-01T00:00:00'); now += 5 * HOUR) {
      for (const view of [daily, hourly]) {
        const asOf = newestDue(view, now, newYork);
        expect(readableFrom(view, asOf)).toBeLessThanOrEqual(now);
        expect(() => checkAsOf(view, asOf, now, newYork)).not.toThrow();
        expect(now - asOf).toBeLessThan((view === daily ? 27 : 1.2) * HOUR);
      }
    }
  });
});

describe('a view of a table with a retention', () => {
  const now = utc('2026-03-01T04:00:00');
  /** Noon of 1 March 2025 less a week: what happened by 22 February is removed. */
  const visits = { name: 'visits', retention: { months: 12 } };
  const viewOf = (within: object): View =>
    ({
      ...daily,
      deadlineMs: null,
      sources: ['visits'],
      origin: {
        kind: 'query',
        tables: { find: () => visits },
        query: ({ source }: { source(name: string, options: object): Sql }) => source('visits', within),
      },
    }) as unknown as View;
  const range = (view: View) => ({ views: [view], from: '2025-05-20', to: '2025-05-26', now }) as const;

  it('is not computed for as-ofs whose rows are removed, and says so', () => {
    const ninety = viewOf({ within: { days: 90 } });
    // 90 days before 24 May is 23 February.
    const { plans, removed } = planBackfill(range(ninety), shanghai);
    expect(plans[0]?.due[0]).toBe(utc('2025-05-23T16:00:00'));
    expect([plans[0]?.due.length, plans[0]?.left, removed[0]?.count]).toEqual([3, 0, 4]);
    expect(notesOf({ plans, idle: [], removed }, '2025-05-20')[0]).toMatch(
      /^4 as-ofs of daily@1 through 2025-05-22T16:00:00\.000Z can no longer be computed: it reads 90 days of visits, which keeps 12 months; what was computed stays/,
    );
    expect(() => checkRemoved(ninety, utc('2025-05-22T16:00:00'), now, shanghai)).toThrow(/can no longer be computed/);
    expect(() => checkRemoved(ninety, utc('2025-05-23T16:00:00'), now, shanghai)).not.toThrow();
  });

  it('that does not say how far it looks back reads all of the retention', () => {
    const all = viewOf({});
    expect(() => planBackfill(range(all), shanghai)).toThrow(/7 as-ofs of daily@1 .* it reads 12 months of visits/);
    expect(() => checkRemoved(all, newestDue(all, now, shanghai), now, shanghai)).not.toThrow();
  });
});

describe('an as-of that someone asks for', () => {
  const now = utc('2026-03-01T12:00:00');
  it('is refused where the view describes no such instant, naming one that it does', () => {
    expect(() => checkAsOf(daily, utc('2026-02-28T16:00:00.001'), now, shanghai)).toThrow(
      /each midnight of Asia\/Shanghai/,
    );
    expect(() => checkAsOf(daily, utc('2026-02-28T00:00:00'), now, shanghai)).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', hint: expect.stringContaining('2026-02-28T16:00:00.000Z') }),
    );
    expect(() => checkAsOf(hourly, utc('2026-03-01T09:30:00'), now, shanghai)).toThrow(/each full hour \(UTC\)/);
  });

  it('is refused before as-of + delay, saying from when on it may be seen', () => {
    const midnight = utc('2026-03-01T16:00:00');
    expect(() => checkAsOf(daily, midnight, midnight + 2 * HOUR - 1, shanghai)).toThrow(/2026-03-01T18:00:00\.000Z/);
    expect(() => checkAsOf(daily, midnight, midnight + 2 * HOUR, shanghai)).not.toThrow();
  });
});

describe('the as-ofs of a range of days', () => {
  it('are the local midnights, both ends included', () => {
    expect(instantsBetween(daily, '2026-02-27', '2026-03-01', shanghai)).toEqual([
      utc('2026-02-26T16:00:00'),
      utc('2026-02-27T16:00:00'),
      utc('2026-02-28T16:00:00'),
    ]);
  });

  it('are every hour of the local days for an hourly view, 23 or 25 of them where the clocks change', () => {
    const hours = (date: string) => instantsBetween(hourly, date, date, newYork);
    expect(hours('2026-03-07')).toHaveLength(24);
    expect(hours('2026-03-08')).toHaveLength(23);
    expect(hours('2026-11-01')).toHaveLength(25);
    expect(hours('2026-11-01')[0]).toBe(utc('2026-11-01T04:00:00'));
    expect(hours('2026-11-01').at(-1)).toBe(utc('2026-11-02T04:00:00'));
    expect(instantsBetween(hourly, '2026-10-31', '2026-11-01', newYork)).toHaveLength(49);
  });

  it('fall inside the days in a zone with half an hour', () => {
    const kolkata = new BusinessCalendar('Asia/Kolkata');
    const hours = instantsBetween(hourly, '2026-03-01', '2026-03-01', kolkata);
    expect(hours).toHaveLength(24);
    expect(hours.every((hour) => kolkata.dateOf(hour) === '2026-03-01' && hour % HOUR === 0)).toBe(true);
  });
});

describe('a range that ends in the future', () => {
  const zones = ['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/Havana', 'Atlantic/Azores'];
  const views = [daily, hourly].map((view) => ({ ...view, ...readsNothing }) as unknown as View);
  /** Days of 2026 on which the clocks change, each with the hours that it has. */
  const changes = (calendar: BusinessCalendar) =>
    Array.from({ length: 270 }, (_, day) => addDays('2026-03-01', day))
      .map((date) => [date, (calendar.startOfDay(addDays(date, 1)) - calendar.startOfDay(date)) / HOUR] as const)
      .filter(([, hours]) => hours !== 24);

  it.each(zones)(
    'is cut at the newest as-of that is due, at every quarter of days of 23 and of 25 hours in %s',
    (zone) => {
      const calendar = new BusinessCalendar(zone);
      const days = changes(calendar);
      const change = zone === 'Australia/Lord_Howe' ? 0.5 : 1;
      expect(days.map(([, hours]) => hours).sort()).toEqual([24 - change, 24 + change]);
      for (const [date, hours] of days) {
        const range = { from: addDays(date, -2), to: addDays(date, 2) };
        const all = views.map((view) => instantsBetween(view, range.from, range.to, calendar));
        expect(all[0]?.map((asOf) => calendar.dateOf(asOf))).toEqual(daysOf(range));
        for (let minute = -125; minute < hours * 60 + 125; minute += 15) {
          const now = calendar.startOfDay(date) + minute * 60_000;
          for (const { view, due, left } of planBackfill({ views, ...range, now }, calendar).plans) {
            const wanted = (all[view.id === daily.id ? 0 : 1] as readonly number[]).filter(
              (at) => at + view.delayMs <= now,
            );
            expect(due).toEqual(wanted);
            expect(left).toBe((all[view.id === daily.id ? 0 : 1] as readonly number[]).length - wanted.length);
            expect(newestDue(view, now, calendar)).toBe(due.at(-1));
          }
        }
      }
    },
  );

  const daysOf = ({ from, to }: { readonly from: LocalDate; readonly to: LocalDate }) => {
    const days = [from];
    while ((days.at(-1) as LocalDate) < to) days.push(addDays(days.at(-1) as LocalDate, 1));
    return days;
  };
});
