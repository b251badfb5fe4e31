/** What the links within one gang say of each of its members. Pure: the same links give the same numbers. */
import type { Instant } from '../../helpers/time.js';

export interface MemberLink {
  readonly customer: string;
  /** The shared identifier. */
  readonly node: string;
  /** How strongly the identifier ties those who share it, above 0. */
  readonly weight: number;
  /** When the customer was first seen with it. */
  readonly firstSeen: Instant;
}

export interface MemberMeasures {
  readonly customer: string;
  /** The first instant at which the customer and another member had both been seen with one identifier. */
  readonly joinedAt: Instant;
  readonly knownBad: boolean;
  /** Identifiers that the customer shares with other members. */
  readonly sharedIdentifiers: number;
  /** Members one identifier away, and those two identifiers away and no nearer. */
  readonly neighbours: number;
  readonly secondNeighbours: number;
  readonly badNeighbours: number;
  /** Identifiers on the shortest way to another member who is known bad; null where there is none. */
  readonly distanceToBad: number | null;
  /** The largest k for which the customer is in a part of the gang where everyone has k neighbours. */
  readonly coreNumber: number;
  /** Risk that flows in from other members who are known bad, in [0, 1). */
  readonly propagatedRisk: number;
}

/** How much of its risk a member takes from its neighbours, and over how many steps risk flows: what is farther off says little. */
const FROM_NEIGHBOURS = 0.5;
const STEPS = 4;
const DECIMALS = 1e6;

/** Measures of those customers who share an identifier with another, in the order of their ids. */
export function gangMeasures(links: readonly MemberLink[], bad: ReadonlySet<string>): readonly MemberMeasures[] {
  const nodes = new Map<string, MemberLink[]>();
  for (const link of links) {
    const own = nodes.get(link.node);
    if (own) own.push(link);
    else nodes.set(link.node, [link]);
  }
  const shared = [...nodes.values()].filter((each) => each.length > 1);
  const names = [...new Set(shared.flatMap((each) => each.map(({ customer }) => customer)))].sort();
  const number = new Map(names.map((name, index) => [name, index]));
  const ties = names.map(() => new Map<number, number>());
  const joinedAt = names.map(() => Number.POSITIVE_INFINITY);
  const sharedIdentifiers = names.map(() => 0);
  for (const users of shared) {
    const [first, second] = users.map(({ firstSeen }) => firstSeen).sort((a, b) => a - b) as [Instant, Instant];
    const members = users.map(({ customer }) => number.get(customer) as number);
    for (const [index, { weight, firstSeen }] of users.entries()) {
      const member = members[index] as number;
      const own = ties[member] as Map<number, number>;
      for (const other of members) if (other !== member) own.set(other, (own.get(other) ?? 0) + weight);
      // The other may have come first or later: the tie begins when both are there.
      const begins = Math.max(firstSeen, firstSeen === first ? second : first);
      joinedAt[member] = Math.min(joinedAt[member] as number, begins);
      sharedIdentifiers[member] = (sharedIdentifiers[member] as number) + 1;
    }
  }
  const isBad = names.map((name) => bad.has(name));
  const cores = coreNumbers(ties);
  const risks = propagatedRisks(ties, isBad);
  return names.map((customer, member) => {
    const neighbours = ties[member] as ReadonlyMap<number, number>;
    const distances = distancesFrom(ties, member);
    const toBad = distances.filter((distance, other) => other !== member && isBad[other] && distance >= 0);
    return {
      customer,
      joinedAt: joinedAt[member] as Instant,
      knownBad: isBad[member] as boolean,
      sharedIdentifiers: sharedIdentifiers[member] as number,
      neighbours: neighbours.size,
      secondNeighbours: distances.filter((distance) => distance === 2).length,
      badNeighbours: [...neighbours.keys()].filter((other) => isBad[other]).length,
      distanceToBad: toBad.length === 0 ? null : toBad.reduce((a, b) => Math.min(a, b)),
      coreNumber: cores[member] as number,
      propagatedRisk: Math.round((risks[member] as number) * DECIMALS) / DECIMALS,
    };
  });
}

type Ties = readonly ReadonlyMap<number, number>[];

/** Hops from a member to each; -1 where there is no way. */
function distancesFrom(ties: Ties, member: number): readonly number[] {
  const distances = ties.map(() => -1);
  distances[member] = 0;
  const queue = [member];
  for (const at of queue) {
    for (const next of (ties[at] as ReadonlyMap<number, number>).keys()) {
      if (distances[next] !== -1) continue;
      distances[next] = (distances[at] as number) + 1;
      queue.push(next);
    }
  }
  return distances;
}

/** Members with the fewest neighbours leave one by one; the most that anyone had on leaving, up to then, is the core number. */
export function coreNumbers(ties: Ties): readonly number[] {
  const left = ties.map(({ size }) => size);
  const cores = ties.map(() => -1);
  const waiting: number[][] = [];
  const wait = (member: number): void => {
    const degree = left[member] as number;
    while (waiting.length <= degree) waiting.push([]);
    waiting[degree]?.push(member);
  };
  for (const member of ties.keys()) wait(member);
  let core = 0;
  for (let degree = 0; degree < waiting.length; ) {
    const member = waiting[degree]?.pop();
    if (member === undefined) {
      degree++;
      continue;
    }
    // It waits again, for fewer neighbours, since one of them left.
    if (cores[member] !== -1 || left[member] !== degree) continue;
    core = Math.max(core, degree);
    cores[member] = core;
    for (const other of (ties[member] as ReadonlyMap<number, number>).keys()) {
      if (cores[other] !== -1) continue;
      left[other] = (left[other] as number) - 1;
      wait(other);
    }
    degree = Math.max(0, degree - 1);
  }
  return cores;
}

/** Personalized PageRank from those who are known bad, row-normalized so that a hub dilutes it; no member's own default counts in its own. */
function propagatedRisks(ties: Ties, isBad: readonly boolean[]): readonly number[] {
  const totals = ties.map((own) => [...own.values()].reduce((sum, weight) => sum + weight, 0));
  const spread = (seeds: readonly number[]): readonly number[] => {
    let risk = seeds;
    for (let step = 0; step < STEPS; step++) {
      const before = risk;
      risk = ties.map((own, member) => {
        let inflow = 0;
        for (const [other, weight] of own) inflow += weight * (before[other] as number);
        return (
          (1 - FROM_NEIGHBOURS) * (seeds[member] as number) + (FROM_NEIGHBOURS * inflow) / (totals[member] as number)
        );
      });
    }
    return risk;
  };
  if (!isBad.includes(true)) return ties.map(() => 0);
  const seeds = isBad.map(Number);
  const all = spread(seeds);
  return all.map((risk, member) =>
    isBad[member] ? (spread(seeds.map((seed, index) => (index === member ? 0 : seed)))[member] as number) : risk,
  );
}
