/** Gangs as an investigator reads them: see GangReader. */
import { gangMeasures } from '../../core/compute/graph/gang-measures.js';
import { strongestPath } from '../../core/compute/graph/paths.js';
import { param, type Sql, sql } from '../../core/definitions/sql.js';
import type { Instant } from '../../core/helpers/time.js';
import type { GangDay, GangLink, GangMember, GangReader, Verdict } from '../../core/ports/gangs.js';
import { type GangReaderOptions, knownAt } from './known-at.js';
import { searchGangs } from './search.js';

/** Gangs that the identifiers of one customer may touch at an instant; of more the largest count. */
const MOST_TOUCHED = 20;
/** Customers of a neighbourhood, and those that a way is sought among. */
const MOST_NEIGHBOURS = 500;
const MOST_ON_WAYS = 3_000;
/** Identifiers of a way: what is farther apart is not known to each other. */
const LONGEST_WAY = 6;

export function createGangReader(options: GangReaderOptions): GangReader {
  const { clickhouse } = options;
  const known = (asOf: Instant) => knownAt(options, asOf);

  const linksOf = (condition: Sql, asOf: Instant): Promise<GangLink[]> =>
    linksWhere(clickhouse, known(asOf).links(condition));

  /** Links of customers to those who share an identifier with one of them. */
  const linksAround = (customers: readonly string[], asOf: Instant): Promise<GangLink[]> =>
    linksOf(sql`identifier IN (SELECT identifier FROM identifier_links WHERE customer_id IN ${list(customers)})`, asOf);

  /** Links within a set of customers. */
  async function linksWithin(customers: readonly string[], asOf: Instant): Promise<readonly GangLink[]> {
    const inside = new Set(customers);
    return (await linksAround(customers, asOf)).filter(({ from }) => inside.has(from));
  }

  /** Customers within so many identifiers of one, and their links; stops where there are more than `most`. */
  async function reach(customer: string, { hops, most, asOf, until }: Reach) {
    const customers = new Set([customer]);
    const links = new Map<string, GangLink>();
    let truncated = false;
    let frontier = [customer];
    for (let hop = 0; hop < hops && frontier.length > 0 && !truncated && !(until && customers.has(until)); hop++) {
      const found = await linksAround(frontier, asOf);
      const front = new Set(frontier);
      const touched = new Set(found.filter(({ from }) => front.has(from)).map(nodeOf));
      frontier = [];
      for (const link of found) {
        if (!touched.has(nodeOf(link))) continue;
        if (!customers.has(link.from)) {
          if (customers.size >= most) {
            truncated = true;
            continue;
          }
          customers.add(link.from);
          frontier.push(link.from);
        }
        links.set(`${link.from} ${nodeOf(link)}`, link);
      }
    }
    return { customers: [...customers], links: [...links.values()], truncated };
  }

  async function membersOf(
    customers: readonly string[],
    links: readonly GangLink[],
    asOf: Instant,
  ): Promise<readonly GangMember[]> {
    const { bad, applications } = await factsOf(clickhouse, known(asOf), customers);
    const measured = gangMeasures(
      links.map((link) => ({ customer: link.from, node: nodeOf(link), ...link })),
      bad,
    );
    const byCustomer = new Map(measured.map((each) => [each.customer, each]));
    const stored = await joinedAt(customers, asOf);
    return customers
      .map((customerId) => {
        const own = byCustomer.get(customerId);
        return {
          customerId,
          // A member whom nothing ties at this instant is one of the last derived day.
          joinedAt: own?.joinedAt ?? stored.get(customerId) ?? asOf,
          knownBad: bad.has(customerId),
          distanceToBad: own?.distanceToBad ?? null,
          applications: applications.get(customerId) ?? 0,
        };
      })
      .sort((a, b) => a.joinedAt - b.joinedAt || (a.customerId < b.customerId ? -1 : 1));
  }

  async function joinedAt(customers: readonly string[], asOf: Instant): Promise<ReadonlyMap<string, Instant>> {
    const rows = await clickhouse.tuples<[string, string]>(
      'gangs-joined',
      sql`SELECT customer_id, toString(toUnixTimestamp64Milli(assumeNotNull(joined_at))) FROM ${known(asOf).members} WHERE customer_id IN ${list(customers)}`,
    );
    return new Map(rows.map(([customer, at]) => [customer, Number(at)]));
  }

  async function gangOf(
    ids: readonly string[],
    id: string,
    { asOf, more }: { readonly asOf: Instant; readonly more: readonly string[] },
  ) {
    const at = known(asOf);
    const rows = await clickhouse.tuples<[customer: string]>(
      'gangs-members',
      sql`SELECT customer_id FROM ${at.members} WHERE gang_id IN ${list(ids)} ORDER BY customer_id`,
    );
    const customers = [...new Set([...rows.map(([customer]) => customer), ...more])];
    if (customers.length === 0) return null;
    const [{ verdict } = { verdict: 'NONE' as Verdict }] = await clickhouse.rows<{ verdict: Verdict }>(
      'gangs-verdict',
      sql`SELECT verdict FROM ${at.verdicts} WHERE gang_id = ${id}`,
    );
    const members = await membersOf(customers, await linksWithin(customers, asOf), asOf);
    const firstSeen = Math.min(...members.map((member) => member.joinedAt));
    return { id, asOf, customers, firstSeen, knownBad: members.filter(({ knownBad }) => knownBad).length, verdict };
  }

  return {
    search: (search) => searchGangs(options, search),
    find: (id, asOf) => gangOf([id], id, { asOf, more: [] }),

    async findOf(customer, asOf) {
      const { customers } = await reach(customer, { hops: 1, most: MOST_NEIGHBOURS, asOf });
      // What tied it last night ties it no more.
      if (customers.length === 1) return null;
      const touched = await clickhouse.tuples<[gang: string, own: number]>(
        'gangs-touched',
        sql`SELECT gang_id, max(customer_id = ${customer}) AS own FROM ${known(asOf).members}
          WHERE gang_id IN (SELECT gang_id FROM ${known(asOf).members} WHERE customer_id IN ${list(customers)})
          GROUP BY gang_id ORDER BY own DESC, count() DESC, gang_id LIMIT ${param('UInt8', MOST_TOUCHED)}`,
      );
      const ids = touched.map(([gang]) => gang);
      // Two who are tied since the last derived day have no name yet.
      return gangOf(ids, ids[0] ?? 'new', { asOf, more: customers });
    },

    members: async ({ customers, asOf }) => membersOf(customers, await linksWithin(customers, asOf), asOf),
    async links({ customers, asOf }) {
      const links = await linksWithin(customers, asOf);
      const users = new Map<string, number>();
      for (const link of links) users.set(nodeOf(link), (users.get(nodeOf(link)) ?? 0) + 1);
      return links.filter((link) => (users.get(nodeOf(link)) ?? 0) > 1).sort(strongestFirst);
    },
    timeline: async (gang) =>
      daysOf(
        gang.id,
        await clickhouse.tuples<ChangeRow>(
          'gangs-timeline',
          sql`SELECT toString(as_of), customer_id, gang_id, known_bad FROM ${known(gang.asOf).changes}
            WHERE customer_id IN (SELECT customer_id FROM ${known(gang.asOf).changes} WHERE gang_id = ${gang.id}) ORDER BY as_of, customer_id`,
        ),
      ),

    async verdicts({ id, asOf }) {
      const rows = await clickhouse.tuples<[judgedAt: string, verdict: Verdict, note: string, until: string | null]>(
        'gangs-verdicts',
        sql`SELECT toString(toUnixTimestamp64Milli(judged_at)), verdict, note, toString(toUnixTimestamp64Milli(until))
          FROM ${known(asOf).known('gang_verdicts')} WHERE gang_id = ${id} ORDER BY judged_at DESC`,
      );
      return rows.map(([judgedAt, verdict, note, until]) => ({
        judgedAt: Number(judgedAt),
        verdict,
        note,
        until: until === null ? null : Number(until),
      }));
    },

    async path(from, to, asOf) {
      const { links } = await reach(from, { hops: LONGEST_WAY, most: MOST_ON_WAYS, asOf, until: to });
      const byEnd = new Map(links.map((link) => [`${link.from} ${nodeOf(link)}`, link]));
      const way = strongestPath(
        links.map((link) => ({ customer: link.from, node: nodeOf(link), weight: link.weight })),
        from,
        to,
      );
      return way.map((step) => {
        const [own, other] = [byEnd.get(`${step.from} ${step.node}`), byEnd.get(`${step.to} ${step.node}`)] as [
          GangLink,
          GangLink,
        ];
        // They are tied since both had been seen with it, and for as long as both are.
        return {
          ...own,
          to: step.to,
          firstSeen: Math.max(own.firstSeen, other.firstSeen),
          lastSeen: Math.min(own.lastSeen, other.lastSeen),
        };
      });
    },

    async neighbourhood(customer, hops, asOf) {
      const { customers, links, truncated } = await reach(customer, { hops, most: MOST_NEIGHBOURS, asOf });
      return { customers: await membersOf(customers, links, asOf), links: [...links].sort(strongestFirst), truncated };
    },
  };
}

interface Reach {
  readonly hops: number;
  readonly most: number;
  readonly asOf: Instant;
  /** The search is over once this customer is reached. */
  readonly until?: string;
}

const list = (values: readonly string[]): Sql => sql`${param('Array(String)', [...values])}`;
const nodeOf = ({ identifierType, identifier }: GangLink): string => `${identifierType} ${identifier}`;
const strongestFirst = (a: GangLink, b: GangLink): number =>
  b.weight - a.weight || (nodeOf(a) < nodeOf(b) ? -1 : nodeOf(a) > nodeOf(b) ? 1 : a.from < b.from ? -1 : 1);

async function linksWhere(clickhouse: GangReaderOptions['clickhouse'], links: Sql): Promise<GangLink[]> {
  const rows = await clickhouse.tuples<[string, string, string, string, string, number]>(
    'gangs-links',
    sql`SELECT customer_id, node_type, identifier, toString(toUnixTimestamp64Milli(first_seen)), toString(toUnixTimestamp64Milli(last_seen)), weight
      FROM (${links}) ORDER BY node_type, identifier, customer_id`,
  );
  return rows.map(([from, identifierType, identifier, firstSeen, lastSeen, weight]) => ({
    from,
    identifierType,
    identifier,
    to: null,
    firstSeen: Number(firstSeen),
    lastSeen: Number(lastSeen),
    weight,
  }));
}

async function factsOf(
  clickhouse: GangReaderOptions['clickhouse'],
  at: ReturnType<typeof knownAt>,
  customers: readonly string[],
) {
  const ids = list(customers);
  const rows = await clickhouse.tuples<[customer: string, bad: number, applications: string]>(
    'gangs-facts',
    sql`SELECT customer_id, max(bad), toString(sum(applications)) FROM (
      SELECT customer_id, 1 AS bad, 0 AS applications FROM (${at.late(ids)})
      UNION ALL SELECT customer_id, known_bad, 0 FROM ${at.members} WHERE customer_id IN ${ids}
      UNION ALL SELECT customer_id, 0, 1 FROM ${at.applications} WHERE customer_id IN ${ids}) GROUP BY customer_id`,
  );
  return {
    bad: new Set(rows.filter(([, bad]) => bad === 1).map(([customer]) => customer)),
    applications: new Map(rows.map(([customer, , applications]) => [customer, Number(applications)])),
  };
}

type ChangeRow = readonly [day: string, customer: string, gang: string, bad: number];

/** The days on which the members of a gang changed, or one of them turned bad, from the rows of all who were ever in it. */
function daysOf(id: string, rows: readonly ChangeRow[]): readonly GangDay[] {
  const state = new Map<string, { readonly gang: string; readonly bad: number }>();
  const days: GangDay[] = [];
  for (let from = 0; from < rows.length; ) {
    const date = rows[from]?.[0] as string;
    let [joined, changed] = [0, false];
    const mergedFrom = new Set<string>();
    for (; rows[from]?.[0] === date; from++) {
      const [, customer, gang, bad] = rows[from] as ChangeRow;
      const before = state.get(customer);
      state.set(customer, { gang, bad });
      if (gang !== id && before?.gang !== id) continue;
      changed ||= gang !== before?.gang || bad !== before.bad;
      if (gang !== id || before?.gang === id) continue;
      joined++;
      if (before?.gang) mergedFrom.add(before.gang);
    }
    const members = [...state.values()].filter(({ gang }) => gang === id);
    const knownBad = members.filter(({ bad }) => bad === 1).length;
    if (changed) days.push({ date, size: members.length, joined, knownBad, mergedFrom: [...mergedFrom].sort() });
  }
  return days;
}
