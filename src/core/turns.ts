import { RiskgraphError } from './errors.js';
import { FairQueue, type FairQueueOptions } from './fair-queue.js';

const LONGEST = 1_000;
const RETRY_AFTER_SECONDS = 60;
const stays = new AbortController().signal;

export interface TurnsOptions extends Pick<FairQueueOptions, 'places' | 'placesAKey' | 'clock'> {
  /** How long a body waits for its turn. */
  readonly patienceMs: number;
  /** What there is too much of, as `spines to write`. */
  readonly what: string;
}

/**
 * Runs bodies of many keys in turn.
 * @throws OVERLOADED where a turn does not come in time; the reason of the signal where that ends the wait
 */
export function turnsOf({ patienceMs, what, ...places }: TurnsOptions) {
  const queue = new FairQueue({ ...places, longest: LONGEST });
  return async <T>(key: string, body: () => Promise<T>, signal: AbortSignal = stays): Promise<T> => {
    const leave = await queue.enter(key, patienceMs, signal);
    if (leave) return body().finally(leave);
    signal.throwIfAborted();
    throw new RiskgraphError({
      code: 'OVERLOADED',
      message: `there are more ${what} than the store takes in time`,
      hint: `try again in ${RETRY_AFTER_SECONDS} s, with fewer at once`,
      details: { retryAfterSeconds: RETRY_AFTER_SECONDS },
    });
  };
}
