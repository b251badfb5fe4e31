import * as fc from 'fast-check';
import { expect } from 'vitest';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import type { GangReader } from '../../src/core/ports/gangs.js';
import { createGangReader } from '../../src/derived/gangs/reader.js';
import { at, type Graph, openGraph, ZONE } from '../derived/gangs/support.js';
import { TABLES } from '../support/tables.js';
import { type Case, defineRule, shared } from './conformance.js';

/** A link, as customer, kind, identifier, local time of the sighting and, where it was later, local time at which it was known. */
type Sighting = readonly [who: string, type: string, identifier: string, seen: string, known?: string];

interface Late {
  readonly who: string;
  readonly day: string;
  readonly dpd: number;
  readonly status?: string;
  readonly known?: string;
}

interface Member {
  /** Other members of the gang; null: the customer is in none. */
  readonly others: string | null;
  readonly known_bad?: number;
  readonly distance_to_bad?: number | null;
  readonly bad_neighbours?: number;
  readonly propagated_risk?: number;
}

interface GangCase extends Case {
  readonly links: readonly Sighting[];
  readonly late?: readonly Late[];
  /** A verdict on the gang of a customer, at noon of 5 March. */
  readonly judged?: { readonly who: string; readonly verdict: 'CONFIRMED' | 'FALSE_ALARM' };
  readonly trusted?: { readonly type: string; readonly identifier: string; readonly from: string };
  /** As of derived days. */
  readonly offline?: readonly (Member & { readonly day: string; readonly who: string })[];
  /** The gang of a customer on one day has the id of that of another customer on another. */
  readonly keeps?: {
    readonly who: string;
    readonly day: string;
    readonly idOf: readonly [who: string, day: string];
  };
  /** What `gangOf` answers at a local time: the others, or null. */
  readonly online?: readonly { readonly at: string; readonly who: string; readonly others: string | null }[];
}

const pair: readonly Sighting[] = [
  ['A', 'PHONE', 'p', '2026-03-01'],
  ['B', 'PHONE', 'p', '2026-03-01'],
];

const CASES: readonly GangCase[] = [
  {
    name: 'two customers of one identifier are a gang from the day by which both had been seen with it',
    links: [
      ['A', 'DEVICE', 'd', '2026-03-01'],
      ['B', 'DEVICE', 'd', '2026-03-03'],
    ],
    offline: [
      { day: '2026-03-02', who: 'A', others: null },
      { day: '2026-03-03', who: 'A', others: 'B' },
    ],
  },
  {
    name: 'a link that was known after a day’s derivation is in the next day, and never in that one',
    links: [
      ['A', 'DEVICE', 'd', '2026-03-01'],
      ['B', 'DEVICE', 'd', '2026-03-02', '2026-03-03 01:01'],
    ],
    offline: [
      { day: '2026-03-02', who: 'B', others: null },
      { day: '2026-03-03', who: 'B', others: 'A' },
    ],
    online: [
      { at: '2026-03-03 01:00', who: 'B', others: null },
      { at: '2026-03-03 01:01', who: 'B', others: 'A' },
    ],
  },
  {
    name: 'a default counts from the day on which the loan is 30 days past due',
    links: pair,
    late: [
      { who: 'B', day: '2026-03-03', dpd: 29 },
      { who: 'B', day: '2026-03-04', dpd: 30 },
    ],
    offline: [
      { day: '2026-03-03', who: 'A', others: 'B', bad_neighbours: 0, distance_to_bad: null },
      { day: '2026-03-04', who: 'A', others: 'B', bad_neighbours: 1, distance_to_bad: 1 },
    ],
  },
  {
    name: 'a default of an earlier day counts from the day by which it was known',
    links: pair,
    late: [{ who: 'B', day: '2026-03-02', dpd: 60, known: '2026-03-05 12:00' }],
    offline: [
      { day: '2026-03-04', who: 'A', others: 'B', distance_to_bad: null },
      { day: '2026-03-05', who: 'A', others: 'B', distance_to_bad: 1 },
    ],
  },
  {
    name: 'a write-off is bad at any number of days past due',
    links: pair,
    late: [{ who: 'B', day: '2026-03-03', dpd: 0, status: 'WRITTEN_OFF' }],
    offline: [{ day: '2026-03-03', who: 'B', others: 'A', known_bad: 1 }],
  },
  {
    name: 'who was bad once stays so after the loan is paid',
    links: pair,
    late: [
      { who: 'B', day: '2026-03-02', dpd: 31 },
      { who: 'B', day: '2026-03-03', dpd: 0, status: 'SETTLED' },
    ],
    offline: [{ day: '2026-03-06', who: 'A', others: 'B', distance_to_bad: 1 }],
  },
  {
    name: 'the subject’s own default is in none of its measures',
    links: pair,
    late: [{ who: 'A', day: '2026-03-02', dpd: 90 }],
    offline: [
      {
        day: '2026-03-06',
        who: 'A',
        others: 'B',
        known_bad: 1,
        bad_neighbours: 0,
        distance_to_bad: null,
        propagated_risk: 0,
      },
    ],
  },
  {
    name: 'members of a gang that is judged CONFIRMED are known bad from that day on',
    links: pair,
    judged: { who: 'A', verdict: 'CONFIRMED' },
    offline: [
      { day: '2026-03-04', who: 'A', others: 'B', known_bad: 0, distance_to_bad: null },
      { day: '2026-03-05', who: 'A', others: 'B', known_bad: 1, distance_to_bad: 1 },
    ],
  },
  {
    name: 'a gang that is judged a FALSE_ALARM has no bad members by that',
    links: pair,
    judged: { who: 'A', verdict: 'FALSE_ALARM' },
    offline: [{ day: '2026-03-06', who: 'A', others: 'B', known_bad: 0 }],
  },
  {
    name: 'a gang keeps its id while it grows, also where the newcomer’s id is the first of all',
    links: [
      ['M', 'PHONE', 'p', '2026-03-01'],
      ['N', 'PHONE', 'p', '2026-03-01'],
      ['A', 'PHONE', 'p', '2026-03-04'],
    ],
    offline: [{ day: '2026-03-04', who: 'A', others: 'M N' }],
    keeps: { who: 'A', day: '2026-03-04', idOf: ['M', '2026-03-02'] },
  },
  {
    name: 'of two gangs that merge the id of the larger goes on',
    links: [
      ['A', 'PHONE', 'p', '2026-03-01'],
      ['B', 'PHONE', 'p', '2026-03-01'],
      ['X', 'DEVICE', 'd', '2026-03-01'],
      ['Y', 'DEVICE', 'd', '2026-03-01'],
      ['Z', 'DEVICE', 'd', '2026-03-01'],
      ['A', 'DEVICE', 'd', '2026-03-05'],
    ],
    offline: [{ day: '2026-03-05', who: 'A', others: 'B X Y Z' }],
    keeps: { who: 'A', day: '2026-03-05', idOf: ['X', '2026-03-03'] },
  },
  {
    name: 'a link of today counts online from the instant at which it is known, before any day is derived of it',
    links: [...pair, ['C', 'DEVICE', 'd', '2026-03-09 10:00'], ['A', 'DEVICE', 'd', '2026-03-08']],
    online: [
      { at: '2026-03-09 09:59', who: 'C', others: null },
      { at: '2026-03-09 10:00', who: 'C', others: 'A B' },
    ],
  },
  {
    name: 'online a newcomer is in the union of all gangs that its identifiers touch',
    links: [
      ...pair,
      ['X', 'DEVICE', 'd', '2026-03-01'],
      ['Y', 'DEVICE', 'd', '2026-03-01'],
      ['C', 'DEVICE', 'd', '2026-03-09 10:00'],
      ['C', 'CONTACT_PHONE', 'p', '2026-03-09 11:00'],
    ],
    online: [
      { at: '2026-03-09 10:30', who: 'C', others: 'X Y' },
      { at: '2026-03-09 11:30', who: 'C', others: 'A B X Y' },
    ],
  },
  {
    name: 'two newcomers who are tied today alone are a gang online at once',
    links: [
      ['A', 'BANK_CARD', 'c', '2026-03-09 10:00'],
      ['B', 'BANK_CARD', 'c', '2026-03-09 10:05'],
    ],
    online: [
      { at: '2026-03-09 10:04', who: 'A', others: null },
      { at: '2026-03-09 10:05', who: 'A', others: 'B' },
    ],
  },
  {
    name: 'an identifier that is trusted since this morning ties no one from then on',
    links: pair,
    trusted: { type: 'PHONE', identifier: 'p', from: '2026-03-09 09:00' },
    online: [
      { at: '2026-03-09 08:59', who: 'A', others: 'B' },
      { at: '2026-03-09 09:00', who: 'A', others: null },
    ],
  },
  {
    name: 'one address of a network ties no two customers, by night or by day',
    links: [
      ['A', 'IP', 'i', '2026-03-01'],
      ['B', 'IP', 'i', '2026-03-01'],
    ],
    offline: [{ day: '2026-03-06', who: 'A', others: null }],
    online: [{ at: '2026-03-09 10:00', who: 'A', others: null }],
  },
];

const calendar = new BusinessCalendar(ZONE);
const own = (number: number, name: string): string => `${number}-${name}`;
const everyone = (number: number, names: string): readonly string[] =>
  names
    .split(' ')
    .map((name) => own(number, name))
    .sort();
const cases = CASES.map((each, number) => ({ ...each, number }));

interface MemberRow extends Omit<Member, 'others'> {
  readonly customer_id: string;
  readonly gang_id: string;
}

/** What comes in while days are derived: at each instant some customers are seen with some identifiers. */
const STAGES = ['2026-03-03 10:00', '2026-03-04 12:00', '2026-03-05 09:00', '2026-03-09 10:00'] as const;
const CROWD = ['R0', 'R1', 'R2', 'R3', 'R4', 'R5'] as const;
const seenTogether = fc.array(
  fc.tuple(
    fc.constantFrom(...CROWD),
    fc.constantFrom('DEVICE', 'PHONE', 'CONTACT_PHONE'),
    fc.constantFrom('r', 's', 't'),
  ),
  { minLength: 5, maxLength: 8 },
);
const ARRIVALS = fc.sample(seenTogether, { numRuns: STAGES.length, seed: 35 });

/** The gang of each of the crowd at an instant. */
const crowdAt = (reader: GangReader, instant: string) =>
  Promise.all(CROWD.map((who) => reader.findOf(who, Date.parse(at(instant)))));

type Answers = Awaited<ReturnType<typeof crowdAt>>;

interface World {
  readonly reader: GangReader;
  /** What was answered at each of the instants, before anything later was there. */
  readonly answered: readonly Answers[];
  state(day: string): Promise<readonly MemberRow[]>;
  close(): Promise<void>;
}

async function loadCases(graph: Graph): Promise<void> {
  await graph.load(
    'identifier_links',
    cases.flatMap(({ links, number }) =>
      links.map(([who, identifier_type, identifier, seen, known]) => ({
        customer_id: own(number, who),
        identifier_type,
        identifier: own(number, identifier),
        seen_at: at(seen),
        ingested_at: at(known ?? seen),
      })),
    ),
  );
  await graph.load(
    'loan_snapshots',
    cases.flatMap(({ late = [], number }) =>
      late.map(({ who, day, dpd, status = 'OVERDUE', known = `${day} 23:59` }) => ({
        loan_id: own(number, who),
        as_of: day,
        customer_id: own(number, who),
        product: 'P',
        status,
        restructured: 0,
        dpd,
        principal_outstanding: '1.00',
        overdue_principal: '1.00',
        disbursed_on: '2025-01-01',
        principal: '1.00',
        ingested_at: at(known),
      })),
    ),
  );
  await graph.load(
    'trusted_identifiers',
    cases.flatMap(({ trusted, number }) =>
      trusted
        ? [
            {
              identifier_type: trusted.type,
              identifier: own(number, trusted.identifier),
              trusted_at: at(trusted.from),
              reason: 'the phone of a shop',
              until: null,
            },
          ]
        : [],
    ),
  );
}

const world = shared(async (): Promise<World> => {
  const graph = await openGraph();
  const reader = createGangReader({ clickhouse: graph.sources.clickhouse, tables: TABLES, calendar });
  const answered: Answers[] = [];
  const arrive = async (stage: number): Promise<void> => {
    const instant = STAGES[stage] as string;
    await graph.link((ARRIVALS[stage] ?? []).map(([who, type, identifier]) => [who, type, identifier, instant]));
    answered.push(await crowdAt(reader, instant));
  };
  await loadCases(graph);
  const stateOn = (day: string) =>
    graph.rows<MemberRow>(`SELECT customer_id, gang_id, known_bad, distance_to_bad, bad_neighbours, propagated_risk FROM (
      SELECT * FROM gang_members WHERE as_of <= '${day}' ORDER BY as_of DESC, seq DESC LIMIT 1 BY customer_id) WHERE gang_id != '' ORDER BY customer_id`);
  await graph.derive('2026-03-02');
  await arrive(0);
  await graph.derive('2026-03-03');
  await arrive(1);
  await graph.derive('2026-03-04');
  const before = await stateOn('2026-03-04');
  await graph.load(
    'gang_verdicts',
    cases.flatMap(({ judged, number }) => {
      if (!judged) return [];
      const gang = before.find(({ customer_id }) => customer_id === own(number, judged.who));
      return [
        {
          gang_id: gang?.gang_id,
          judged_at: at('2026-03-05'),
          verdict: judged.verdict,
          note: 'seen at one door',
          until: null,
        },
      ];
    }),
  );
  await arrive(2);
  await graph.derive('2026-03-06', '2026-03-05');
  await arrive(3);
  const states = new Map<string, Promise<readonly MemberRow[]>>();
  return {
    reader,
    answered,
    state: (day) => {
      const state = states.get(day) ?? stateOn(day);
      states.set(day, state);
      return state;
    },
    close: () => graph.close(),
  };
});

defineRule(
  {
    rule: 35,
    open: world,
    async check({ number, offline = [], keeps, online = [] }: (typeof cases)[number], { reader, state }) {
      const gangOn = async (who: string, day: string): Promise<string | undefined> =>
        (await state(day)).find(({ customer_id }) => customer_id === own(number, who))?.gang_id;
      for (const { day, who, others, ...expected } of offline) {
        const rows = await state(day);
        const row = rows.find(({ customer_id }) => customer_id === own(number, who));
        const members = rows.filter(({ gang_id }) => gang_id === row?.gang_id).map(({ customer_id }) => customer_id);
        expect(members, `${who} on ${day}`).toEqual(others === null ? [] : everyone(number, `${who} ${others}`));
        if (row) expect(row, `${who} on ${day}`).toMatchObject(expected);
      }
      if (keeps) {
        const kept = await gangOn(keeps.who, keeps.day);
        expect(kept).toBeTruthy();
        expect(kept).toBe(await gangOn(...keeps.idOf));
      }
      for (const { at: when, who, others } of online) {
        const gang = await reader.findOf(own(number, who), Date.parse(at(when)));
        const found = gang && [...gang.customers].sort();
        expect(found, `${who} at ${when}`).toEqual(others === null ? null : everyone(number, `${who} ${others}`));
      }
    },
  },
  cases,
);

defineRule(
  {
    rule: 35,
    open: world,
    async check({ stage }: Case & { readonly stage: number }, { reader, answered }) {
      const then = answered[stage] as Answers;
      expect(then.some((gang) => gang !== null)).toBe(true);
      expect(await crowdAt(reader, STAGES[stage] as string)).toEqual(then);
    },
  },
  STAGES.map((instant, stage) => ({
    name: `what is answered at ${instant} is answered for that instant ever after, whatever is imported and derived later`,
    stage,
  })),
);
