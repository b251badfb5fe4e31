import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { raw, sql } from '../../../src/core/definitions/sql.js';
import { findComponents } from '../../../src/derived/gangs/components.js';
import { openWorkTables } from '../../../src/derived/gangs/work-tables.js';
import { openSources, type Sources } from '../../sources/support.js';
import { at, type Graph, type Link, openGraph, unwatched } from './support.js';

describe('connected components', () => {
  let sources: Sources;
  beforeAll(async () => {
    sources = await openSources('Asia/Shanghai');
  });
  afterAll(() => sources.close());

  /** Every round in the store. */
  const STORE = { edgesInMemory: 0 };

  const componentsOf = async (
    edges: string,
    { read = 'v, component', ...limits }: { read?: string; edgesInMemory?: number; mostRounds?: number } = {},
  ) => {
    const { clickhouse } = sources;
    const work = await openWorkTables(clickhouse);
    try {
      const { table, rounds } = await findComponents(sql`${raw(edges)}`, {
        clickhouse,
        work,
        signal: unwatched.signal,
        ...limits,
      });
      return {
        rounds,
        rows: await sources.rows(`SELECT ${read} FROM ${table}${read.startsWith('v') ? ' ORDER BY v' : ''}`),
      };
    } finally {
      await work.close();
    }
  };

  /** By the plain rule: a label spreads until it reaches no further. */
  const spread = (edges: readonly (readonly [bigint, bigint])[]) => {
    const labels = new Map<bigint, bigint>();
    for (const [a, b] of edges) if (a !== b) for (const vertex of [a, b]) labels.set(vertex, vertex);
    for (let changed = true; changed; ) {
      changed = false;
      for (const [a, b] of edges) {
        if (a === b) continue;
        const [first, second] = [labels.get(a) as bigint, labels.get(b) as bigint];
        if (first === second) continue;
        changed = true;
        if (first < second) labels.set(b, first);
        else labels.set(a, second);
      }
    }
    return [...labels]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([v, component]) => ({ v: String(v), component: String(component) }));
  };

  const vertex = fc.oneof(fc.bigInt(0n, 30n), fc.bigInt(2n ** 63n - 3n, 2n ** 63n + 3n), fc.constant(2n ** 64n - 1n));

  it('are those that labels reach which spread along the edges, in the store and in memory', async () => {
    const shapes = fc.sample(fc.array(fc.tuple(vertex, vertex), { minLength: 0, maxLength: 40 }), {
      numRuns: 3,
      seed: 3,
    });
    for (const edges of [[], [[5n, 5n]] as [bigint, bigint][], ...shapes]) {
      const select =
        edges.length === 0
          ? 'SELECT toUInt64(0) AS a, toUInt64(0) AS b WHERE 0'
          : `SELECT e.1 AS a, e.2 AS b FROM (SELECT arrayJoin([${edges.map(([a, b]) => `(toUInt64(${a}), toUInt64(${b}))`).join(', ')}]) AS e)`;
      const expected = spread(edges);
      expect((await componentsOf(select, STORE)).rows).toEqual(expected);
      expect((await componentsOf(select)).rows).toEqual(expected);
    }
  });

  it('of a long path take rounds by the logarithm of its length, and those of a star are one', async () => {
    const whole = 'count() AS vertices, uniqExact(component) AS components, min(component) AS least';
    const path = await componentsOf('SELECT number AS a, number + 1 AS b FROM numbers(16383)', {
      ...STORE,
      read: whole,
    });
    expect(path.rows).toEqual([{ vertices: '16384', components: '1', least: '0' }]);
    expect(path.rounds).toBeLessThanOrEqual(2 * 14 + 4);
    const star = await componentsOf('SELECT toUInt64(7) AS a, number + 100 AS b FROM numbers(100000)', {
      ...STORE,
      read: whole,
    });
    expect(star.rows).toEqual([{ vertices: '100001', components: '1', least: '7' }]);
  });

  it('fail loudly where they are not found in the rounds allowed', async () => {
    await expect(
      componentsOf('SELECT number AS a, number + 1 AS b FROM numbers(1000)', { ...STORE, mostRounds: 2 }),
    ).rejects.toThrow(/not found in 2 rounds: \d+ edges are left/);
  });
});

const graphs: Graph[] = [];
const open = async (...options: Parameters<typeof openGraph>): Promise<Graph> => {
  const graph = await openGraph(...options);
  graphs.push(graph);
  return graph;
};
afterEach(async () => {
  await Promise.all(graphs.splice(0).map((graph) => graph.close()));
});

/** Every stored row without its number. */
const versions = (graph: Graph, through = '2999-01-01') =>
  graph.rows(`SELECT * EXCEPT (seq) FROM gang_members WHERE as_of <= '${through}' ORDER BY customer_id, as_of`);

describe('the derivation of gangs', () => {
  it('ties customers who share an identifier, and not by a null-like value, a trusted one, a supernode or an IP', async () => {
    const graph = await open();
    const crowd = (type: string, identifier: string, count: number, prefix: string): Link[] =>
      Array.from({ length: count }, (_, index) => [`${prefix}${index}`, type, identifier, '2026-03-02']);
    await graph.link([
      ['A', 'PHONE', 'phone of A', '2026-03-01'],
      ['B', 'CONTACT_PHONE', 'phone of A', '2026-03-02'],
      ['B', 'DEVICE', 'handset', '2026-03-01'],
      ['C', 'DEVICE', 'handset', '2026-03-03'],
      // A device and a card of one name are two identifiers.
      ['D', 'BANK_CARD', 'handset', '2026-03-01'],
      ['E', 'DEVICE', '00000000-0000-0000', '2026-03-01'],
      ['F', 'DEVICE', '00000000-0000-0000', '2026-03-01'],
      ['E', 'PHONE', 'unknown', '2026-03-01'],
      ['F', 'PHONE', 'unknown', '2026-03-01'],
      ['G', 'DEVICE', 'till', '2026-03-01'],
      ['H', 'DEVICE', 'till', '2026-03-01'],
      ['I', 'IP', '10.0.0.1', '2026-03-01'],
      ['J', 'IP', '10.0.0.1', '2026-03-01'],
      ...crowd('WIFI', 'mall', 21, 'W'),
      ...crowd('WIFI', 'hall', 20, 'X'),
      // An agent brings a customer a month: fewer than the most, for longer than a ring takes.
      ...Array.from({ length: 7 }, (_, month): Link => [`Y${month}`, 'REFERRER', 'agent', `2025-0${month + 1}-10`]),
    ]);
    await graph.load('trusted_identifiers', [
      { identifier_type: 'DEVICE', identifier: 'till', trusted_at: at('2026-03-02'), reason: 'a shop' },
    ]);
    const { gangs, members, days } = await graph.derive('2026-03-03');
    expect(await graph.gangsOn('2026-03-03')).toEqual([
      ['A', 'B', 'C'],
      Array.from({ length: 20 }, (_, i) => `X${i}`).sort(),
    ]);
    expect({ gangs, members, days }).toEqual({ gangs: 2, members: 23, days: 1 });
    // The handset tied B and C at noon of the third, and the phone A and B on the second.
    expect(
      await graph.rows(`SELECT customer_id, toString(joined_at) AS joined, neighbours, second_neighbours FROM gang_members
        WHERE customer_id IN ('A', 'B', 'C') AND as_of = '2026-03-03' ORDER BY customer_id`),
    ).toEqual([
      { customer_id: 'A', joined: '2026-03-02 04:00:00.000', neighbours: 1, second_neighbours: 1 },
      { customer_id: 'B', joined: '2026-03-02 04:00:00.000', neighbours: 2, second_neighbours: 0 },
      { customer_id: 'C', joined: '2026-03-03 04:00:00.000', neighbours: 1, second_neighbours: 1 },
    ]);
  });

  it('gives a gang its id from day to day: growth keeps it, a merger that of the larger, a split that of the larger part', async () => {
    const graph = await open({ edgesInMemory: 0, linksAtOnce: 3 });
    const pair = (a: string, b: string, node: string, day: string): Link[] => [
      [a, 'BANK_CARD', node, day],
      [b, 'BANK_CARD', node, day],
    ];
    await graph.link([
      ...pair('A', 'B', '1', '2026-03-01'),
      ...pair('B', 'C', '2', '2026-03-02'),
      ...pair('X', 'Y', '3', '2026-03-01'),
      ...pair('C', 'X', 'bridge', '2026-03-03'),
    ]);
    // Trusted from the fourth on: the bridge falls.
    await graph.load('trusted_identifiers', [
      { identifier_type: 'BANK_CARD', identifier: 'bridge', trusted_at: at('2026-03-04'), reason: 'a company card' },
    ]);
    const idsOn = async (day: string) => {
      await graph.derive(day);
      const rows = await graph.rows<{ customer_id: string; gang_id: string }>(
        `SELECT customer_id, gang_id FROM gang_members WHERE as_of <= '${day}' ORDER BY as_of DESC LIMIT 1 BY customer_id`,
      );
      return Object.fromEntries(rows.map(({ customer_id, gang_id }) => [customer_id, gang_id]));
    };
    const first = await idsOn('2026-03-01');
    const abc = first.A as string;
    const xy = first.X as string;
    expect(abc).toMatch(/^G[0-9a-f]+$/);
    expect(xy).not.toBe(abc);
    expect(await idsOn('2026-03-02')).toEqual({ A: abc, B: abc, C: abc, X: xy, Y: xy });
    expect(await idsOn('2026-03-03')).toEqual({ A: abc, B: abc, C: abc, X: abc, Y: abc });
    const split = await idsOn('2026-03-04');
    expect(split).toMatchObject({ A: abc, B: abc, C: abc });
    expect([xy, abc]).not.toContain(split.X);
    expect(split.Y).toBe(split.X);
    // Nothing is left behind, and a day that is derived is derived.
    expect(
      await graph.rows("SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE 'gang_work%'"),
    ).toEqual([]);
    const before = await versions(graph);
    expect(await graph.derive('2026-03-04')).toMatchObject({ days: 0, rows: 0, through: '2026-03-04' });
    // A day on which nothing changes adds no row.
    expect(await graph.derive('2026-03-05')).toMatchObject({ days: 1, rows: 0 });
    expect(await versions(graph)).toEqual(before);
  });

  it('knows only links seen and defaults known by the day: from all data it writes what it writes from data cut at the day', async () => {
    const [whole, cut] = await Promise.all([open(), open()]);
    const links: Link[] = [
      ['A', 'PHONE', 'p', '2026-01-10'],
      ['B', 'PHONE', 'p', '2026-01-20'],
      ['C', 'DEVICE', 'd', '2026-02-03'],
      ['B', 'DEVICE', 'd', '2026-02-05'],
      ['D', 'WIFI', 'w', '2026-03-05'],
      ['C', 'WIFI', 'w', '2026-03-06'],
    ];
    const snapshot = (customer: string, as_of: string, dpd: number) => ({
      loan_id: `L-${customer}`,
      as_of,
      customer_id: customer,
      product: 'P',
      status: dpd > 0 ? 'OVERDUE' : 'CURRENT',
      restructured: 0,
      dpd,
      principal_outstanding: '1.00',
      overdue_principal: '0.00',
      disbursed_on: '2026-01-01',
      principal: '1.00',
    });
    const loans = [snapshot('A', '2026-02-09', 29), snapshot('A', '2026-02-10', 30), snapshot('A', '2026-03-01', 0)];
    await whole.link(links);
    await whole.load('loan_snapshots', loans);
    await whole.derive('2026-02-09');
    await whole.derive('2026-02-10');
    await whole.derive('2026-03-07');

    const until = '2026-02-10';
    await cut.link(links.filter(([, , , seen]) => seen <= until));
    await cut.load(
      'loan_snapshots',
      loans.filter(({ as_of }) => as_of <= until),
    );
    await cut.derive('2026-02-09');
    await cut.derive(until);
    expect(await versions(whole, until)).toEqual(await versions(cut));
    // A was once 30 days late: bad from that day on, also once it has paid.
    expect(
      await whole.rows(`SELECT customer_id, toString(as_of) AS as_of, known_bad, distance_to_bad, bad_neighbours FROM gang_members
        WHERE customer_id IN ('A', 'C') ORDER BY customer_id, as_of`),
    ).toEqual([
      { customer_id: 'A', as_of: '2026-02-09', known_bad: 0, distance_to_bad: null, bad_neighbours: 0 },
      { customer_id: 'A', as_of: '2026-02-10', known_bad: 1, distance_to_bad: null, bad_neighbours: 0 },
      { customer_id: 'C', as_of: '2026-02-09', known_bad: 0, distance_to_bad: null, bad_neighbours: 0 },
      { customer_id: 'C', as_of: '2026-02-10', known_bad: 0, distance_to_bad: 2, bad_neighbours: 0 },
      { customer_id: 'C', as_of: '2026-03-07', known_bad: 0, distance_to_bad: 2, bad_neighbours: 0 },
    ]);
  });

  it('derives the days of a range that have none, in any order, and every day keeps what it said', async () => {
    const [forward, backward] = await Promise.all([open(), open()]);
    const links: Link[] = [
      ['A', 'PHONE', 'p', '2026-03-01'],
      ['B', 'PHONE', 'p', '2026-03-01'],
      ['C', 'DEVICE', 'd', '2026-03-02'],
      ['A', 'DEVICE', 'd', '2026-03-02'],
    ];
    // On the third alone the phone ties no one, so that on the fourth all is as on the second.
    const trust = {
      identifier_type: 'PHONE',
      identifier: 'p',
      trusted_at: at('2026-03-03'),
      reason: 'a shop',
      until: at('2026-03-04'),
    };
    for (const graph of [forward, backward]) {
      await graph.link(links);
      await graph.load('trusted_identifiers', [trust]);
    }
    await forward.derive('2026-03-04', '2026-03-01');
    await backward.derive('2026-03-04');
    await backward.derive('2026-03-02');
    expect(await backward.derive('2026-03-04', '2026-02-01')).toMatchObject({ days: 2, through: '2026-03-04' });
    const stateOn = (graph: Graph, day: string) =>
      graph.rows(`SELECT customer_id, gang_id != '' AS tied, neighbours, joined_at FROM (
        SELECT * FROM gang_members WHERE as_of <= '${day}' ORDER BY as_of DESC LIMIT 1 BY customer_id) ORDER BY customer_id`);
    for (const day of ['2026-03-01', '2026-03-02', '2026-03-03', '2026-03-04']) {
      expect(await stateOn(backward, day)).toEqual(await stateOn(forward, day));
    }
    expect(await stateOn(forward, '2026-03-03')).toMatchObject([{ tied: 1 }, { tied: 0 }, { tied: 1 }]);
  });

  it('takes the members of a gang as bad from the day on which it is judged CONFIRMED, until the verdict ends', async () => {
    const graph = await open();
    await graph.link([
      ['A', 'PHONE', 'p', '2026-03-01'],
      ['B', 'PHONE', 'p', '2026-03-01'],
      // C comes after the judgement, which says nothing of it.
      ['C', 'PHONE', 'p', '2026-03-06'],
    ]);
    await graph.derive('2026-03-03');
    const [{ gang_id } = { gang_id: '' }] = await graph.rows<{ gang_id: string }>(
      'SELECT DISTINCT gang_id FROM gang_members',
    );
    await graph.load('gang_verdicts', [
      { gang_id, judged_at: at('2026-03-04'), verdict: 'CONFIRMED', note: 'seen at one door', until: at('2026-03-08') },
    ]);
    for (const day of ['2026-03-04', '2026-03-06', '2026-03-08']) await graph.derive(day);
    const bads = (day: string) =>
      graph.rows(`SELECT customer_id FROM (SELECT * FROM gang_members WHERE as_of <= '${day}' ORDER BY as_of DESC LIMIT 1 BY customer_id)
        WHERE known_bad = 1 ORDER BY customer_id`);
    expect(await bads('2026-03-03')).toEqual([]);
    expect(await bads('2026-03-04')).toEqual([{ customer_id: 'A' }, { customer_id: 'B' }]);
    expect(await bads('2026-03-06')).toEqual([{ customer_id: 'A' }, { customer_id: 'B' }]);
    expect(await bads('2026-03-08')).toEqual([]);
  });

  it('cuts a component of more customers than a gang may have into its communities', async () => {
    const graph = await open({ mostCustomers: 6 });
    const team = (prefix: string): Link[] =>
      [0, 1, 2, 3].flatMap((member): Link[] => [
        [`${prefix}${member}`, 'DEVICE', `${prefix} handset`, '2026-03-01'],
        [`${prefix}${member}`, 'ADDRESS', `${prefix} flat`, '2026-03-01'],
      ]);
    await graph.link([
      ...team('A'),
      ...team('B'),
      ['A0', 'WIFI', 'cafe', '2026-03-01'],
      ['B0', 'WIFI', 'cafe', '2026-03-01'],
    ]);
    await graph.derive('2026-03-01');
    expect(await graph.gangsOn('2026-03-01')).toEqual([
      ['A0', 'A1', 'A2', 'A3'],
      ['B0', 'B1', 'B2', 'B3'],
    ]);
  });
});
