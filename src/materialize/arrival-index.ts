import type { Instant } from '../core/helpers/time.js';
import type { Arrival } from '../core/ports/arrivals.js';

/**
 * The imports of one table, by what a run has seen of them: a run of an hourly view is asked of tens of thousands of imports, and there are
 * thousands of such runs.
 */
export class ArrivalIndex {
  private readonly bySeq: Earliest<bigint>;
  private readonly byKnown: Earliest<Instant>;

  constructor(arrivals: readonly Arrival[]) {
    this.bySeq = new Earliest(arrivals.map(({ seq, firstEvent }) => [BigInt(seq), firstEvent]));
    this.byKnown = new Earliest(arrivals.map(({ lastKnown, firstEvent }) => [lastKnown, firstEvent]));
  }

  /**
   * When the earliest of what a run has not seen happened: what a later import than `seq` brought, or what was known after `known`. Infinity where
   * it has seen everything.
   */
  firstUnseen({ seq, known }: { readonly seq: string; readonly known: Instant }): Instant {
    return Math.min(this.bySeq.above(BigInt(seq)), this.byKnown.above(known));
  }
}

/** The earliest instant among the entries above a position. */
class Earliest<Position extends bigint | number> {
  private readonly positions: readonly Position[];
  /** Of the entries from each index on; one more than there are entries. */
  private readonly from: Instant[];

  constructor(entries: readonly (readonly [Position, Instant])[]) {
    const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.positions = sorted.map(([position]) => position);
    this.from = [Number.POSITIVE_INFINITY];
    for (const [, instant] of sorted.toReversed()) this.from.push(Math.min(this.from.at(-1) as Instant, instant));
    this.from.reverse();
  }

  above(position: Position): Instant {
    let [low, high] = [0, this.positions.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.positions[middle] as Position) > position) high = middle;
      else low = middle + 1;
    }
    return this.from[low] as Instant;
  }
}
