/** The strongest short way between two customers over shared identifiers. */

/** A link of a customer to an identifier that others share. */
export interface WeightedLink {
  readonly customer: string;
  readonly node: string;
  /** In (0, 1]. */
  readonly weight: number;
}

export interface Step {
  readonly from: string;
  readonly node: string;
  readonly to: string;
}

/**
 * Finds the way with the smallest cost, where each shared identifier costs 1, and more the weaker it is (1 − ln weight): between two ways of one length
 * the stronger, and no detour that is only a little stronger. Empty where there is none, or from a customer to itself.
 */
export function strongestPath(links: readonly WeightedLink[], from: string, to: string): readonly Step[] {
  const byCustomer = groupBy(links, ({ customer }) => customer);
  const byNode = groupBy(links, ({ node }) => node);
  const costs = new Map<string, number>([[from, 0]]);
  const steps = new Map<string, Step>();
  const open = new Set([from]);
  const done = new Set<string>();
  while (open.size > 0) {
    const [at] = [...open].sort((a, b) => (costs.get(a) as number) - (costs.get(b) as number) || (a < b ? -1 : 1)) as [
      string,
    ];
    if (at === to) break;
    open.delete(at);
    done.add(at);
    for (const { node, weight } of byCustomer.get(at) ?? []) {
      const cost = (costs.get(at) as number) + 1 - Math.log(weight);
      for (const { customer: next } of byNode.get(node) ?? []) {
        if (done.has(next) || cost >= (costs.get(next) ?? Number.POSITIVE_INFINITY)) continue;
        costs.set(next, cost);
        steps.set(next, { from: at, node, to: next });
        open.add(next);
      }
    }
  }
  const way: Step[] = [];
  for (let step = steps.get(to); step !== undefined && step.to !== from; step = steps.get(step.from)) way.unshift(step);
  return way;
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const own = groups.get(key(item));
    if (own) own.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
