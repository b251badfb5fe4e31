/**
 * Rule 19. Every function over every window, for customers with made events at three instants: the oracle counts the events one by one,
 * money in cents, and what it says must be what the online store answered at the time and what the history answers now.
 */
import { expect } from 'vitest';
import { type Case, defineRule, shared } from './conformance.js';
import { type Event, openWindows, type Values, WINDOWS, type Window } from './windows-world.js';

type Row = Event & { readonly customer_id: string };
const cents = ({ amount }: Row): number => Math.round(Number(amount) * 100);
const priced = (rows: readonly Row[]): Row[] => rows.filter(({ amount }) => amount !== undefined);
/** Exact: 12.50 is '12.5' on the wire. */
const money = (value: number): string => `${value / 100}`;

/** What each function makes of the events of a window, oldest first. */
const ORACLE: Readonly<Record<string, (rows: readonly Row[]) => unknown>> = {
  count: (rows) => `${rows.length}`,
  logins: (rows) => `${rows.filter(({ event_type }) => event_type === 'LOGIN').length}`,
  sum: (rows) => money(priced(rows).reduce((sum, row) => sum + cents(row), 0)),
  dwell: (rows) => `${rows.reduce((sum, { dwell_ms = 0 }) => sum + dwell_ms, 0)}`,
  float: (rows) => rows.reduce((sum, { latitude = 0 }) => sum + latitude, 0),
  min: (rows) => (priced(rows).length === 0 ? null : money(Math.min(...priced(rows).map(cents)))),
  max: (rows) => (priced(rows).length === 0 ? null : money(Math.max(...priced(rows).map(cents)))),
  avg: (rows) =>
    priced(rows).length === 0
      ? null
      : priced(rows).reduce((sum, row) => sum + cents(row), 0) / 100 / priced(rows).length,
  last: (rows) => rows.at(-1)?.page ?? null,
  distinct: (rows) => `${new Set(rows.flatMap(({ ip }) => ip ?? [])).size}`,
};
/** Sums of floats depend on the order of summing. */
const FLOATS = new Set(['float', 'avg']);
const RELATIVE = 1e-9;

interface Compared extends Case {
  readonly function: string;
  readonly window: Window;
}

const CASES: readonly Compared[] = Object.keys(ORACLE).flatMap((name) =>
  (Object.keys(WINDOWS) as Window[]).map((window) => ({
    name: `${name} over ${window} is one number online, in history and by hand`,
    function: name,
    window,
  })),
);

const CUSTOMERS = ['busy', 'quiet', 'gone quiet', 'once', 'unpriced'] as const;

/** Multiplicative congruence with a fixed seed: the same events every time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

function eventsUntil(last: number): Row[] {
  const next = random(7);
  const made: Row[] = [];
  const add = (customer_id: string, event_time: number, more: Omit<Partial<Event>, 'customer_id'> = {}): void => {
    made.push({ event_id: `E${made.length}`, customer_id, event_time, ...more });
  };
  const full = (): Omit<Partial<Event>, 'customer_id'> => ({
    amount: ((next() - 0.2) * 10_000).toFixed(2),
    dwell_ms: Math.floor(next() * 4_000_000_000),
    latitude: (next() - 0.5) * 180,
    page: `page ${Math.floor(next() * 9)}`,
    ip: `10.0.0.${Math.floor(next() * 40)}`,
    event_type: next() < 0.3 ? 'LOGIN' : 'OPEN',
  });
  // Dense near the instants, so that each window's start cuts through them.
  for (let index = 0; index < 400; index++) add('busy', last - Math.floor(next() ** 6 * 33 * 24 * 3_600_000), full());
  for (const window of Object.values(WINDOWS)) {
    for (const offset of [-1, 0, 1]) add('busy', last - window + offset, full());
    add('quiet', last - window + 1, full());
  }
  add('gone quiet', last - 6 * 24 * 3_600_000, full());
  add('once', last, { amount: '-0.01', page: 'only', ip: '10.9.9.9' });
  add('unpriced', last - 1_000, { page: 'a' });
  add('unpriced', last - 500);
  return made.sort((a, b) => a.event_time - b.event_time || (a.event_id < b.event_id ? -1 : 1));
}

interface World {
  readonly events: readonly Row[];
  readonly answers: readonly { readonly asOf: number; readonly online: Answers; readonly history: Answers }[];
}
type Answers = ReadonlyMap<string, Values>;

const opened = shared(openWindows);

async function answers(): Promise<World> {
  const { asOfs, load, materialize, online, history } = await opened();
  const events = eventsUntil(asOfs[2]);
  expect(await load(events)).toMatchObject({ accepted: events.length, rejected: 0 });
  const asked: { asOf: number; at: number; online: Answers }[] = [];
  for (const asOf of asOfs) {
    await materialize(asOf, ['event_windows']);
    asked.push({ asOf, at: Date.now(), online: await online('event_windows@1', CUSTOMERS) });
  }
  // Long after, each instant is asked for as it was known when the online store was.
  const later: World['answers'][number][] = [];
  for (const { asOf, at, online } of asked)
    later.push({ asOf, online, history: await history('event_windows@1', CUSTOMERS, at) });
  return { events, answers: later };
}

defineRule<Compared, World>(
  {
    rule: 19,
    open: answers,
    check({ function: name, window }, { events, answers: all }) {
      for (const { asOf, online, history } of all) {
        const start = asOf - WINDOWS[window];
        for (const customer of CUSTOMERS) {
          const of = events.filter((event) => event.customer_id === customer && event.event_time <= asOf);
          const any = of.some(({ event_time }) => event_time > asOf - WINDOWS['30d']);
          const inside = of.filter(({ event_time }) => event_time > start);
          const wanted = any ? ORACLE[name]?.(inside) : undefined;
          for (const [path, found] of [
            ['online', online.get(customer)?.[`${name}_${window}`]],
            ['history', history.get(customer)?.[`${name}_${window}`]],
          ] as const) {
            const where = `${path}, ${customer}, as of ${new Date(asOf).toISOString()}`;
            if (FLOATS.has(name) && typeof wanted === 'number') {
              expect(Math.abs((found as number) - wanted), where).toBeLessThanOrEqual(Math.abs(wanted) * RELATIVE);
            } else expect(found, where).toEqual(wanted);
          }
          if (!FLOATS.has(name)) continue;
          expect(online.get(customer)?.[`${name}_${window}`]).toBe(history.get(customer)?.[`${name}_${window}`]);
        }
      }
    },
  },
  CASES,
);
