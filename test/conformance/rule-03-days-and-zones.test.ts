import { expect } from 'vitest';
import { int32, raw } from '../../src/core/definitions/define.js';
import { instantSql, sql } from '../../src/core/definitions/sql.js';
import { BusinessCalendar, formatInstant, parseInstant } from '../../src/core/helpers/time.js';
import { sourceSelect } from '../../src/core/lending/source-sql.js';
import { instantsBetween } from '../../src/materialize/schedule.js';
import { refsOf, viewOf } from '../offline/support.js';
import { TABLES } from '../support/tables.js';
import { type Case, defineRule, shared } from './conformance.js';
import { customer } from './scheduled-world.js';
import { LATER, openSourceWorld, type SourceWorld } from './source-world.js';

interface TextCase extends Case {
  readonly text: string;
  /** The instant in UTC; null: it is refused. */
  readonly is: string | null;
}

const TEXTS: readonly TextCase[] = [
  { name: 'UTC is taken as it is', text: '2026-03-01T00:00:00Z', is: '2026-03-01T00:00:00.000Z' },
  { name: 'an offset is taken off', text: '2026-03-01T08:00:00+08:00', is: '2026-03-01T00:00:00.000Z' },
  { name: 'offsets of half hours too', text: '2026-03-01T00:00:00-03:30', is: '2026-03-01T03:30:00.000Z' },
  { name: 'an offset may change the day', text: '2026-03-01T00:30:00+08:00', is: '2026-02-28T16:30:00.000Z' },
  { name: 'milliseconds are kept', text: '2026-03-01T00:00:00.001Z', is: '2026-03-01T00:00:00.001Z' },
  {
    name: 'what is below a millisecond is cut, not rounded',
    text: '2026-03-01T00:00:00.0019999Z',
    is: '2026-03-01T00:00:00.001Z',
  },
  { name: 'a zone in hours, as Postgres prints it', text: '2026-03-01 08:00:00+08', is: '2026-03-01T00:00:00.000Z' },
  { name: 'the farthest zone is one', text: '2026-03-01T14:00:00+14:00', is: '2026-03-01T00:00:00.000Z' },
  { name: 'a leap day is one', text: '2028-02-29T00:00:00Z', is: '2028-02-29T00:00:00.000Z' },
  { name: 'input without a zone is refused', text: '2026-03-01T00:00:00', is: null },
  { name: 'a day for an instant is refused', text: '2026-03-01', is: null },
  { name: 'a day that no calendar has is refused', text: '2026-02-30T00:00:00Z', is: null },
  { name: 'an offset that no zone has is refused', text: '2026-03-01T00:00:00+99:99', is: null },
  { name: 'an offset of 60 minutes is refused', text: '2026-03-01T00:00:00+08:60', is: null },
  { name: 'an offset past the farthest zone is refused', text: '2026-03-01T00:00:00-14:01', is: null },
  { name: 'the hour 24 is refused', text: '2026-03-01T24:00:00Z', is: null },
  { name: 'an instant that no store holds is refused', text: '2300-01-01T00:00:00Z', is: null },
  { name: 'an hour that no day has is refused', text: '2026-03-01T25:00:00Z', is: null },
];

const world = shared(() => openSourceWorld());
const seen = viewOf('seen', 1, {
  entity: customer,
  features: { amount: int32({ description: 'x' }) },
  query: () => raw('SELECT 1'),
});

defineRule(
  {
    rule: 3,
    async open() {
      const opened = await world();
      await opened.writers.createView(seen);
      return opened;
    },
    /** As code reads it, as a spine gives it and as a file brings it. */
    async check({ text, is }: TextCase, { offline, sources }: SourceWorld) {
      const ask = () =>
        offline.historicalFeatures({
          features: refsOf(seen),
          includeEventTimes: false,
          includeStatuses: false,
          spine: { customer_id: ['C'], event_timestamp: [text] },
        });
      const file = Buffer.from(
        `customer_id,registered_at\nT${TEXTS.findIndex((each) => each.text === text)},${text}\n`,
      );
      const imported = await sources.load('customers', file, { now: LATER });
      if (is === null) {
        expect(() => parseInstant(text)).toThrow();
        await expect(ask()).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
        expect(imported).toMatchObject({ accepted: 0, rejected: 1, quarantine: [{ column: 'registered_at' }] });
        return;
      }
      expect(formatInstant(parseInstant(text))).toBe(is);
      expect((await ask()).rows[0]?.[1]).toBe(is);
      expect(imported).toMatchObject({ accepted: 1, rejected: 0 });
      const [row] = await sources.rows<{ at: string }>(
        'SELECT toString(toUnixTimestamp64Milli(registered_at)) AS at FROM customers WHERE customer_id = {id:String}',
        { id: `T${TEXTS.findIndex((each) => each.text === text)}` },
      );
      expect(formatInstant(Number(row?.at))).toBe(is);
    },
  },
  TEXTS,
);

interface DayCase extends Case {
  readonly zone: string;
  readonly date: string;
  readonly start: string;
  readonly hours: number;
}

const DAYS: readonly DayCase[] = [
  {
    name: 'a day of Shanghai begins at 16:00 UTC of the day before',
    zone: 'Asia/Shanghai',
    date: '2026-03-01',
    start: '2026-02-28T16:00:00.000Z',
    hours: 24,
  },
  {
    name: 'the day on which New York’s clocks go forward has 23 hours',
    zone: 'America/New_York',
    date: '2026-03-08',
    start: '2026-03-08T05:00:00.000Z',
    hours: 23,
  },
  {
    name: 'the day on which New York’s clocks go back has 25 hours',
    zone: 'America/New_York',
    date: '2026-11-01',
    start: '2026-11-01T04:00:00.000Z',
    hours: 25,
  },
  {
    name: 'the day after it begins an hour later in UTC',
    zone: 'America/New_York',
    date: '2026-11-02',
    start: '2026-11-02T05:00:00.000Z',
    hours: 24,
  },
  {
    name: 'Berlin’s 23 hours are on another day than New York’s',
    zone: 'Europe/Berlin',
    date: '2026-03-29',
    start: '2026-03-28T23:00:00.000Z',
    hours: 23,
  },
  {
    name: 'Berlin’s 25 hours too',
    zone: 'Europe/Berlin',
    date: '2026-10-25',
    start: '2026-10-24T22:00:00.000Z',
    hours: 25,
  },
  {
    name: 'where clocks go back by half an hour the day has 24 and a half',
    zone: 'Australia/Lord_Howe',
    date: '2026-04-05',
    start: '2026-04-04T13:00:00.000Z',
    hours: 24.5,
  },
  {
    name: 'a zone of half hours without summer time',
    zone: 'Asia/Kolkata',
    date: '2026-03-01',
    start: '2026-02-28T18:30:00.000Z',
    hours: 24,
  },
  {
    name: 'a day whose midnight does not exist begins with its first instant',
    zone: 'Africa/Cairo',
    date: '2026-04-24',
    start: '2026-04-23T22:00:00.000Z',
    hours: 23,
  },
];

defineRule(
  {
    rule: 3,
    async open(cases: readonly DayCase[]) {
      const opened = await world();
      await opened.load(
        'loan_snapshots',
        [...new Set(cases.map(({ date }) => date))].map((date) => ({
          loan_id: date,
          as_of: date,
          customer_id: 'C',
          product: 'P',
          status: 'CURRENT',
          restructured: 0,
          dpd: 0,
          principal_outstanding: '1.00',
          overdue_principal: '0.00',
          disbursed_on: '2026-01-01',
          principal: '1.00',
        })),
      );
      return opened;
    },
    /** The calendar of the code and that of the store cut the same days. */
    async check({ zone, date, start, hours }, { store }) {
      const calendar = new BusinessCalendar(zone);
      const first = parseInstant(start);
      const last = first + hours * 3_600_000 - 1;
      expect(formatInstant(calendar.startOfDay(date))).toBe(start);
      expect(formatInstant(calendar.endOfDay(date))).toBe(formatInstant(last));
      expect([first - 1, first, last, last + 1].map((instant) => calendar.dateOf(instant) === date)).toEqual([
        ...[false, true, true, false],
      ]);
      const [days] = await store.rows<{ days: boolean[] }>(
        'conformance',
        sql`SELECT arrayMap(ms -> toString(toDate(fromUnixTimestamp64Milli(ms, 'UTC'), ${zone})) = ${date},
          [${first - 1}, ${first}, ${last}, ${last + 1}]) AS days`,
      );
      expect(days?.days.map(Boolean)).toEqual([false, true, true, false]);
      const snapshots = sourceSelect(TABLES.get('loan_snapshots'), {
        asOf: null,
        knowledge: instantSql(LATER),
        timezone: zone,
      });
      const seenAt = async (asOf: number) => {
        const cut = sourceSelect(TABLES.get('loan_snapshots'), {
          asOf: instantSql(asOf),
          knowledge: instantSql(LATER),
          timezone: zone,
        });
        const rows = await store.rows('conformance', sql`SELECT 1 FROM ${cut} WHERE loan_id = ${date}`);
        return rows.length;
      };
      const [row] = await store.rows<{ event: string }>(
        'conformance',
        sql`SELECT toString(toUnixTimestamp64Milli(event_time)) AS event FROM ${snapshots} WHERE loan_id = ${date}`,
      );
      expect(formatInstant(Number(row?.event)), 'event time of a row about the day').toBe(formatInstant(last));
      expect([await seenAt(last - 1), await seenAt(last)], 'seen as of').toEqual([0, 1]);
    },
  },
  DAYS,
);

interface ScheduleCase extends Case {
  readonly zone: string;
  readonly every: 'day' | 'hour';
  readonly from: string;
  readonly to: string;
  readonly count: number;
  readonly first: string;
  readonly last: string;
}

const SCHEDULES: readonly ScheduleCase[] = [
  {
    name: 'a daily schedule over the change of clocks describes each local midnight, 23 hours apart where the day has 23',
    zone: 'America/New_York',
    every: 'day',
    from: '2026-03-07',
    to: '2026-03-09',
    count: 3,
    first: '2026-03-07T05:00:00.000Z',
    last: '2026-03-09T04:00:00.000Z',
  },
  {
    name: 'an hourly schedule has 25 instants in a day of 25 hours',
    zone: 'Europe/Berlin',
    every: 'hour',
    from: '2026-10-25',
    to: '2026-10-25',
    count: 25,
    first: '2026-10-24T22:00:00.000Z',
    last: '2026-10-25T22:00:00.000Z',
  },
  {
    name: 'and 23 in a day of 23',
    zone: 'Europe/Berlin',
    every: 'hour',
    from: '2026-03-29',
    to: '2026-03-29',
    count: 23,
    first: '2026-03-28T23:00:00.000Z',
    last: '2026-03-29T21:00:00.000Z',
  },
];

defineRule(
  {
    rule: 3,
    check({ zone, every, from, to, count, first, last }: ScheduleCase) {
      const view = { id: 'v@1', schedule: { every, delay: '2h' }, delayMs: 7_200_000 };
      const instants = instantsBetween(view, from, to, new BusinessCalendar(zone)).map(formatInstant);
      expect([instants.length, instants[0], instants.at(-1)]).toEqual([count, first, last]);
    },
  },
  SCHEDULES,
);

interface BackCase extends Case {
  readonly zone: string;
  readonly from: string;
  readonly by: { readonly days?: number; readonly months?: number };
  readonly to: string;
}

const BACK: readonly BackCase[] = [
  {
    name: 'days back from a local midnight are a local midnight, over the change of clocks too',
    zone: 'America/New_York',
    from: '2026-03-10T04:00:00.000Z',
    by: { days: 30 },
    to: '2026-02-08T05:00:00.000Z',
  },
  {
    name: 'a month back from the 31st is the last day of a shorter month',
    zone: 'Asia/Shanghai',
    from: '2026-03-30T16:00:00.000Z',
    by: { months: 1 },
    to: '2026-02-27T16:00:00.000Z',
  },
];

defineRule(
  {
    rule: 3,
    check({ zone, from, by, to }: BackCase) {
      expect(formatInstant(new BusinessCalendar(zone).back(parseInstant(from), by))).toBe(to);
    },
  },
  BACK,
);
