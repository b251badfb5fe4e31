/** A queue for a number of places: fair among keys, and never longer than those in it can wait. */

/** Gives the place back; the next in turn has it. */
export type Leave = () => void;

interface Waiting {
  readonly begin: () => void;
  readonly refuse: () => void;
}

export interface FairQueueOptions {
  /** Places: how much runs at once. */
  readonly places: number;
  /** Places that one key holds at most; absent: all. */
  readonly placesAKey?: number | undefined;
  /** Most that wait, over all keys: a bound of memory. */
  readonly longest: number;
  /** In ms, from any beginning. */
  readonly clock: () => number;
}

/** A mean in which the newest of a series has a fixed weight. */
class Mean {
  value = 0;
  add(sample: number): void {
    this.value = this.value === 0 ? sample : this.value + 0.05 * (sample - this.value);
  }
}

export class FairQueue {
  private free: number;
  private count = 0;
  /** Those that wait, by key; the first key has the next turn. */
  private readonly turns = new Map<string, Waiting[]>();
  private readonly held = new Mean();
  /** Between two places that become free while others wait for them. */
  private readonly interval = new Mean();
  private lastFreedAt: number | null = null;
  /** Places by key, of the keys that hold any. */
  private readonly holds = new Map<string, number>();

  constructor(private readonly options: FairQueueOptions) {
    this.free = options.places;
  }

  /** How long a place is held, in ms. */
  get heldMs(): number {
    return this.held.value;
  }

  /**
   * Waits for a place, in turn with other keys. Null where none becomes free in time, said at once where that is foreseeable. `gone` takes the
   * caller out of the queue.
   */
  async enter(key: string, patienceMs: number, gone: AbortSignal): Promise<Leave | null> {
    if (this.free > 0 && this.mayTake(key)) this.take(key);
    else if (!(await this.wait(key, patienceMs, gone))) return null;
    const beganAt = this.options.clock();
    return () => this.leave(key, beganAt);
  }

  private mayTake(key: string): boolean {
    return (this.holds.get(key) ?? 0) < (this.options.placesAKey ?? this.options.places);
  }

  private take(key: string): void {
    this.free--;
    this.holds.set(key, (this.holds.get(key) ?? 0) + 1);
  }

  private giveBack(key: string): void {
    this.free++;
    const left = (this.holds.get(key) ?? 0) - 1;
    if (left > 0) this.holds.set(key, left);
    else this.holds.delete(key);
  }

  private wait(key: string, patienceMs: number, gone: AbortSignal): Promise<boolean> | false {
    if (gone.aborted) return false;
    if (this.ahead(key) * this.interval.value > patienceMs) return false;
    if (this.count >= this.options.longest && !this.displaced(key)) return false;
    return new Promise((resolve) => {
      const end = (placed: boolean): void => {
        clearTimeout(timer);
        gone.removeEventListener('abort', drop);
        resolve(placed);
      };
      const waiting: Waiting = { begin: () => end(true), refuse: () => end(false) };
      const drop = (): void => {
        this.remove(key, waiting);
        end(false);
      };
      const timer = setTimeout(drop, patienceMs).unref();
      gone.addEventListener('abort', drop, { once: true });
      const queue = this.turns.get(key);
      if (queue) queue.push(waiting);
      else this.turns.set(key, [waiting]);
      this.count++;
    });
  }

  private leave(leaver: string, beganAt: number): void {
    const now = this.options.clock();
    this.held.add(now - beganAt);
    if (this.lastFreedAt !== null) this.interval.add(now - this.lastFreedAt);
    // A place that nobody waits for says nothing about how long one is waited for.
    this.lastFreedAt = this.count > 1 ? now : null;
    this.giveBack(leaver);
    const next = [...this.turns].find(([key]) => this.mayTake(key));
    if (!next) return;
    const [key, queue] = next;
    const first = queue.shift();
    this.count--;
    // Its next turn comes after one of every other key.
    this.turns.delete(key);
    if (queue.length > 0) this.turns.set(key, queue);
    this.take(key);
    first?.begin();
  }

  /** How many places become free before a newcomer of this key has one. */
  private ahead(key: string): number {
    const own = this.turns.get(key)?.length ?? 0;
    let ahead = own + 1;
    for (const [other, { length }] of this.turns) if (other !== key) ahead += Math.min(length, own + 1);
    return ahead;
  }

  /** Makes room in a full queue: the last of the longest line gives way to a key that has a shorter one. */
  private displaced(key: string): boolean {
    const [longest, line] = [...this.turns].reduce((most, each) => (each[1].length > most[1].length ? each : most));
    const last = line.at(-1);
    if (!last || line.length <= (this.turns.get(key)?.length ?? 0) + 1) return false;
    this.remove(longest, last);
    last.refuse();
    return true;
  }

  private remove(key: string, waiting: Waiting): void {
    const queue = this.turns.get(key);
    const at = queue?.lastIndexOf(waiting) ?? -1;
    if (!queue || at < 0) return;
    queue.splice(at, 1);
    this.count--;
    if (queue.length === 0) this.turns.delete(key);
  }
}
