/**
 * Communities of a large component by the Louvain method: vertices move to the neighbouring community that gains the most modularity, then each
 * community becomes a vertex, until nothing moves. Vertices are visited in their order and ties go to the smallest number, so that the same graph
 * has the same communities each time.
 */
export interface WeightedEdge {
  readonly a: number;
  readonly b: number;
  readonly weight: number;
}

/** A gain below this is noise of the arithmetic: without a floor two vertices could change places for ever. */
const LEAST_GAIN = 1e-9;
/** Far more than real graphs take, which settle after a few. */
const MOST_PASSES = 100;

/** @returns the community of each of the `vertices`, numbered from 0 in the order of their first vertex */
export function communities(vertices: number, edges: readonly WeightedEdge[]): readonly number[] {
  let of = Array.from({ length: vertices }, (_, vertex) => vertex);
  let level = graphOf(vertices, edges);
  for (;;) {
    const moved = renumber(moveVertices(level));
    if (Math.max(-1, ...moved) + 1 === level.degree.length) return renumber(of);
    of = of.map((vertex) => moved[vertex] as number);
    level = collapse(level, moved);
  }
}

interface Graph {
  /** Weights by neighbour; a loop stands once, with the weight of both its ends. */
  readonly neighbours: readonly ReadonlyMap<number, number>[];
  readonly degree: readonly number[];
  /** The sum of all degrees. */
  readonly total: number;
}

function graphOf(vertices: number, edges: readonly WeightedEdge[]): Graph {
  const neighbours = Array.from({ length: vertices }, () => new Map<number, number>());
  const add = (from: number, to: number, weight: number): void => {
    const own = neighbours[from] as Map<number, number>;
    own.set(to, (own.get(to) ?? 0) + weight);
  };
  for (const { a, b, weight } of edges) {
    add(a, b, weight);
    add(b, a, weight);
  }
  return measured(neighbours);
}

function measured(neighbours: readonly ReadonlyMap<number, number>[]): Graph {
  const degree = neighbours.map((own) => [...own.values()].reduce((sum, weight) => sum + weight, 0));
  return { neighbours, degree, total: degree.reduce((sum, each) => sum + each, 0) };
}

function moveVertices({ neighbours, degree, total }: Graph): number[] {
  const of = neighbours.map((_, vertex) => vertex);
  const sums = [...degree];
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    let moved = false;
    for (const [vertex, own] of neighbours.entries()) {
      const current = of[vertex] as number;
      const weight = degree[vertex] as number;
      const links = new Map<number, number>([[current, 0]]);
      for (const [other, link] of own) {
        if (other === vertex) continue;
        const community = of[other] as number;
        links.set(community, (links.get(community) ?? 0) + link);
      }
      sums[current] = (sums[current] as number) - weight;
      const gain = (community: number): number =>
        (links.get(community) as number) - ((sums[community] as number) * weight) / total;
      let best = current;
      for (const community of [...links.keys()].sort((a, b) => a - b)) {
        if (gain(community) > gain(best) + LEAST_GAIN) best = community;
      }
      sums[best] = (sums[best] as number) + weight;
      of[vertex] = best;
      moved ||= best !== current;
    }
    if (!moved) break;
  }
  return of;
}

function collapse({ neighbours }: Graph, of: readonly number[]): Graph {
  const merged = Array.from({ length: Math.max(...of) + 1 }, () => new Map<number, number>());
  for (const [vertex, own] of neighbours.entries()) {
    const into = merged[of[vertex] as number] as Map<number, number>;
    for (const [other, weight] of own) {
      const community = of[other] as number;
      into.set(community, (into.get(community) ?? 0) + weight);
    }
  }
  return measured(merged);
}

function renumber(of: readonly number[]): number[] {
  const numbers = new Map<number, number>();
  return of.map((each) => {
    const known = numbers.get(each) ?? numbers.size;
    numbers.set(each, known);
    return known;
  });
}
