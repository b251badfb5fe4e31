/** Disjoint sets of the numbers from 0, which grow by unions: the connected components of a graph whose edges come one by one. */
export class UnionFind {
  private readonly parents: number[] = [];

  /** Adds the next number as a set of its own; returns the number. */
  add(): number {
    return this.parents.push(this.parents.length) - 1;
  }

  /** The smallest number of the set. */
  root(of: number): number {
    let root = of;
    while (this.parents[root] !== root) root = this.parents[root] as number;
    for (let at = of; at !== root; ) {
      const next = this.parents[at] as number;
      this.parents[at] = root;
      at = next;
    }
    return root;
  }

  union(a: number, b: number): void {
    const [first, second] = [this.root(a), this.root(b)];
    if (first < second) this.parents[second] = first;
    else this.parents[first] = second;
  }
}
