/** A scorecard's scale: so many points at so many odds of bad to good, and so many points for half those odds. High is safe. */
export interface PointsScale {
  readonly points: number;
  /** Bad to good: 1 / 19 is P(bad) = 0.05. */
  readonly odds: number;
  readonly pointsToDoubleOdds: number;
}

/** Probabilities of 0 and 1 have no odds; a model that says so is taken to mean one in a million. */
const SMALLEST = 1e-6;

/** Natural logarithm of the odds of bad to good. */
export function logOdds(probability: number): number {
  const p = Math.min(1 - SMALLEST, Math.max(SMALLEST, probability));
  return Math.log(p / (1 - p));
}

/** offset − factor × ln(odds of bad), with factor = points to double the odds / ln 2; rounded to whole points. */
export function pointsOf(probability: number, scale: PointsScale): number {
  const factor = scale.pointsToDoubleOdds / Math.LN2;
  const offset = scale.points + factor * Math.log(scale.odds);
  return Math.round(offset - factor * logOdds(probability));
}

/** The best band whose lower bound the points reach; null below all of them or without bands. */
export function bandOf(points: number, bands: Readonly<Record<string, number>> | undefined): string | null {
  const reached = Object.entries(bands ?? {}).filter(([, bound]) => points >= bound);
  const best = reached.sort(([, a], [, b]) => b - a)[0];
  return best ? best[0] : null;
}
