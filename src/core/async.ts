import { setImmediate } from 'node:timers/promises';

/**
 * Lets timers, connections and other requests have the thread before the caller goes on: for long work that would otherwise keep it. A worker
 * that is kept from it cannot renew the lock of its job.
 */
export const yieldToOthers = (): Promise<void> => setImmediate();

/** Runs at most so many bodies at a time, in the order in which they come. */
export function limited(limit: number) {
  const waiting: (() => void)[] = [];
  let free = limit;
  return async <T>(body: () => Promise<T>): Promise<T> => {
    if (free > 0) free--;
    else await new Promise<void>((start) => waiting.push(start));
    try {
      return await body();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
