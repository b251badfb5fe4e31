const pairsOf = (name: string): readonly string[] =>
  Array.from({ length: Math.max(name.length - 1, 0) }, (_, index) => name.slice(index, index + 2));

/** How alike two names are, from 0 to 1: twice the letter pairs that they share, over all that they have (Dice). */
function likeness(a: string, b: string): number {
  const left = pairsOf(b);
  const rest = [...left];
  const shared = pairsOf(a).filter((pair) => {
    const at = rest.indexOf(pair);
    if (at >= 0) rest.splice(at, 1);
    return at >= 0;
  });
  return (2 * shared.length) / Math.max(pairsOf(a).length + left.length, 1);
}

/** `did you mean 'x'? `, for the start of a hint; empty where no known name is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = known.map((one) => ({ one, by: likeness(name, one) })).filter(({ by }) => by >= 0.5);
  const [nearest] = near.sort((a, b) => b.by - a.by);
  return nearest ? `did you mean '${nearest.one}'? ` : '';
}
