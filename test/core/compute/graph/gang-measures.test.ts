import { describe, expect, it } from 'vitest';
import { communities } from '../../../../src/core/compute/graph/communities.js';
import { coreNumbers, gangMeasures, type MemberLink } from '../../../../src/core/compute/graph/gang-measures.js';

const link = (customer: string, node: string, firstSeen = 0, weight = 1): MemberLink => ({
  customer,
  node,
  weight,
  firstSeen,
});

/** Unweighted neighbours of the vertices of an edge list. */
const tiesOf = (vertices: number, edges: readonly (readonly [number, number])[]) => {
  const ties = Array.from({ length: vertices }, () => new Map<number, number>());
  for (const [a, b] of edges) {
    ties[a]?.set(b, 1);
    ties[b]?.set(a, 1);
  }
  return ties;
};

describe('the measures of the members of a gang', () => {
  // A and B share a phone, B and C a device, C and D an address: a chain. D is bad.
  const chain = [
    link('A', 'phone', 10),
    link('B', 'phone', 20),
    link('B', 'device', 40),
    link('C', 'device', 30),
    link('C', 'flat', 50),
    link('D', 'flat', 60),
    link('D', 'card', 5),
  ];

  it('follow from the links by hand, and begin when both ends of a tie were there', () => {
    const measures = gangMeasures(chain, new Set(['D']));
    expect(measures.map((each) => Object.values(each))).toEqual([
      // customer, joined at, bad, shared, neighbours, second, bad neighbours, distance to bad, core, risk
      ['A', 20, false, 1, 1, 1, 0, 3, 1, 0.015625],
      ['B', 20, false, 2, 2, 1, 0, 2, 1, 0.050781],
      ['C', 40, false, 2, 2, 1, 1, 1, 1, 0.148438],
      ['D', 60, true, 1, 1, 1, 0, null, 1, 0],
    ]);
  });

  it('never count the default of the subject for the subject', () => {
    const alone = gangMeasures([link('A', 'p'), link('B', 'p')], new Set(['A']));
    expect(alone.map(({ distanceToBad, propagatedRisk }) => [distanceToBad, propagatedRisk > 0])).toEqual([
      [null, false],
      [1, true],
    ]);
  });

  it('leave out who shares nothing', () => {
    expect(gangMeasures([link('A', 'p'), link('B', 'q')], new Set())).toEqual([]);
  });

  it('have the core numbers of a triangle with a tail', () => {
    const triangle = [
      [0, 1],
      [1, 2],
      [2, 0],
      [2, 3],
      [3, 4],
    ] as const;
    expect(coreNumbers(tiesOf(5, triangle))).toEqual([2, 2, 2, 1, 1]);
  });
});

describe('communities', () => {
  it('part two dense halves that one weak edge ties, and are the same each time', () => {
    const clique = (from: number) =>
      [0, 1, 2, 3].flatMap((a) =>
        [0, 1, 2, 3].filter((b) => b > a).map((b) => ({ a: from + a, b: from + b, weight: 1 })),
      );
    const edges = [...clique(0), ...clique(4), { a: 3, b: 4, weight: 0.2 }];
    expect(communities(8, edges)).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    expect(communities(8, edges)).toEqual(communities(8, edges));
  });

  it('are one each where there is no edge, and none of no vertex', () => {
    expect(communities(3, [])).toEqual([0, 1, 2]);
    expect(communities(0, [])).toEqual([]);
  });
});
