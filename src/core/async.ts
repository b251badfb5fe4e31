import { setImmediate as turn } from 'node:timers/promises';

/**
 * Lets timers, connections and other requests have the thread before the caller goes on: for long work that would otherwise keep it. A worker
 * that is kept from it cannot renew the lock of its job.
 */
export const yieldToOthers = (): Promise<void> => turn();

/** Gives out so many places, in the order in which they are asked for. What is returned gives the place back. */
export function placesFor(limit: number) {
  const waiting: (() => void)[] = [];
  let free = limit;
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  return async (): Promise<() => void> => {
    if (free > 0) free--;
    else await new Promise<void>((start) => waiting.push(start));
    return leave;
  };
}

/** Runs at most so many bodies at a time, in the order in which they come. */
export function limited(limit: number) {
  const enter = placesFor(limit);
  return async <T>(body: () => Promise<T>): Promise<T> => {
    const leave = await enter();
    try {
      return await body();
    } finally {
      leave();
    }
  };
}

/**
 * Waits for work no longer than `ms`, and throws `late()` after that. The work goes on, and its failure counts for nothing: so only what may
 * happen later, or twice, is waited for this way.
 */
export async function withinTime<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    // A process that was busy hears its clock before its connections: what has come in by now is in time.
    timer = setTimeout(() => setImmediate(() => reject(late())), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}

/** Waits for work until the signal ends the wait with its reason. The work goes on, and its failure counts for nothing. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
    work.catch(() => undefined);
  }
}

export interface Repetition {
  readonly everyMs: number;
  /** Before the first round; `everyMs` by default. */
  readonly delayMs?: number;
  /** Counts `everyMs` from the begin of a round, so that its length is no part of the wait; a longer round is followed at once. */
  readonly fromBegin?: boolean;
  /** A failed round does not end the repetition. */
  readonly onError: (error: unknown) => void;
}

/** Runs rounds until it is stopped, each `everyMs` after the end of the one before. It does not keep the process alive. */
export function repeat(
  round: () => Promise<void>,
  { everyMs, delayMs = everyMs, fromBegin = false, onError }: Repetition,
) {
  let stopped = false;
  let current: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const wait = (ms: number, then: () => void): void => {
    if (!stopped) timer = setTimeout(then, ms).unref();
  };
  const begin = (): void => {
    if (stopped) return;
    const ended = round().catch(onError);
    current = ended;
    if (fromBegin) wait(everyMs, () => void ended.then(begin));
    else void ended.then(() => wait(everyMs, begin));
  };
  wait(delayMs, begin);
  return {
    /** No round begins from now on; resolves once the current one has ended. */
    async stop(): Promise<void> {
      stopped = true;
      clearTimeout(timer);
      await current;
    },
  };
}
