/** Rule 18. Events at the ends of windows, each beside one that is in every window; counted by the features a request reads. */
import { expect } from 'vitest';
import { HOUR } from '../../src/core/helpers/time.js';
import { type Case, defineRule, shared } from './conformance.js';
import { type Event, openWindows, type Values, WINDOWS, type Window } from './windows-world.js';

interface Counted extends Case {
  /** In ms after the as-of, of one event more of the case's customer, or of what `as` says. */
  readonly at: number;
  readonly as?: Partial<Event>;
  /** What the customer's features are: the one event that all have is half an hour old. */
  readonly reads: Readonly<Record<string, string>>;
}

const WORDS: Readonly<Record<Window, string>> = {
  '1h': 'an hour',
  '1d': 'a day',
  '7d': 'seven days',
  '30d': '30 days',
};

const ends = (Object.entries(WINDOWS) as [Window, number][]).flatMap(([window, length]): Counted[] => [
  { name: `an event ${WORDS[window]} before is out of the window`, at: -length, reads: { [`count_${window}`]: '1' } },
  {
    name: `a millisecond later it is in the window of ${WORDS[window]}`,
    at: 1 - length,
    reads: { [`count_${window}`]: '2' },
  },
]);

const CASES: readonly Counted[] = [
  ...ends,
  {
    name: 'an event at the very instant is in all windows',
    at: 0,
    reads: { count_1h: '2', count_1d: '2', count_7d: '2', count_30d: '2' },
  },
  {
    name: 'an event a millisecond after the instant is in none',
    at: 1,
    reads: { count_1h: '1', count_1d: '1', count_7d: '1', count_30d: '1' },
  },
  {
    name: 'an event between two windows is in the longer alone',
    at: -2 * HOUR,
    reads: { count_1h: '1', count_1d: '2', count_7d: '2', count_30d: '2' },
  },
  {
    name: 'a condition counts the events that meet it',
    at: -1,
    as: { event_type: 'LOGIN' },
    reads: { logins_1h: '1', count_1h: '2' },
  },
  {
    name: 'an event of someone else is not counted',
    at: -1,
    as: { customer_id: 'someone else' },
    reads: { count_1h: '1' },
  },
  {
    name: 'an event of no customer is not counted',
    at: -1,
    as: { customer_id: null },
    reads: { count_1h: '1' },
  },
  {
    name: 'an event that was known only after the run is not counted',
    at: -1,
    as: { ingested_at: 60_001 },
    reads: { count_1h: '1' },
  },
  {
    name: 'an event that was known just in time is counted',
    at: -1,
    as: { ingested_at: 60_000 },
    reads: { count_1h: '2' },
  },
  {
    name: 'an event on a device counts for the device too',
    at: 1 - HOUR,
    as: { device_id: 'D1' },
    reads: { count_1h: '2', 'device D1': '1' },
  },
];

interface World {
  readonly customers: ReadonlyMap<string, Values>;
  readonly devices: ReadonlyMap<string, Values>;
}

const opened = shared(openWindows);

async function answers(cases: readonly Counted[]): Promise<World> {
  const { asOfs, load, materialize, online } = await opened();
  const asOf = asOfs[2];
  const events = cases.flatMap(({ name, at, as = {} }, index): Event[] => [
    { event_id: `${index} of all`, customer_id: name, event_time: asOf - HOUR / 2 },
    {
      event_id: `${index} of the case`,
      customer_id: name,
      event_time: asOf + at,
      ...as,
      ...(as.ingested_at === undefined ? {} : { ingested_at: asOf + as.ingested_at }),
    },
  ]);
  expect(await load(events)).toMatchObject({ accepted: events.length, rejected: 0 });
  await materialize(asOf);
  return {
    customers: await online(
      'event_windows@1',
      cases.map(({ name }) => name),
    ),
    devices: await online('device_windows@1', ['D1']),
  };
}

defineRule<Counted, World>(
  {
    rule: 18,
    open: answers,
    check({ name, reads }, { customers, devices }) {
      const { 'device D1': device, ...features } = reads;
      expect(customers.get(name)).toMatchObject(features);
      if (device) expect(devices.get('D1')).toEqual({ count_1h: device });
    },
  },
  CASES,
);
