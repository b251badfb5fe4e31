/** A circuit breaker for each store: once a store is known not to answer, nobody waits for it. */
import { withinTime } from './async.js';
import { type ErrorCode, RiskgraphError } from './errors.js';
import type { Log, Metrics } from './ports/process.js';

export interface Breaker {
  /**
   * Runs work on the store.
   * @throws STORE_UNAVAILABLE at once while the store does not answer
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** The same for work whose answer is read piece by piece: call what it returns at the end, with the failure where there was one. */
  begin(): (failure?: unknown) => void;
  close(): void;
}

export interface BreakerOptions {
  /** Its name in messages, and the value of `store` in the metric. */
  readonly store: string;
  readonly ping: () => Promise<void>;
  /** Work that takes longer makes the store suspect: it is asked whether it answers at all. */
  readonly suspectAfterMs: number;
  /** A ping that takes longer is no answer. */
  readonly patienceMs: number;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** How often a store that does not answer is asked again. */
const AGAIN_MS = 250;

/** Failures that say nothing about the store: it answered, and refused. */
const answered = (failure: unknown): boolean =>
  failure === undefined || (failure instanceof RiskgraphError && !SILENCE.has(failure.code));
const SILENCE: ReadonlySet<ErrorCode> = new Set(['TIMEOUT', 'STORE_UNAVAILABLE']);

/**
 * The state follows the store's own answers to pings, and not how long callers wait: a statement may rightly take minutes, and a caller may
 * ask for a deadline that nobody could keep. While all goes well nothing is pinged.
 */
export function createBreaker(options: BreakerOptions): Breaker {
  const { store, ping, suspectAfterMs, patienceMs, log, metrics } = options;
  let away = false;
  let asking = false;
  let closed = false;

  const learn = (answers: boolean): void => {
    if (away !== answers) return;
    away = !answers;
    metrics.gauge('store_answering', answers ? 1 : 0, { store });
    if (answers) log.info({ store }, 'the store answers again');
    else log.warn({ store }, 'the store does not answer: reads are told so without waiting for it');
  };
  metrics.gauge('store_answering', 1, { store });

  const ask = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    do {
      learn(
        await withinTime(ping(), patienceMs, () => new Error('no answer')).then(
          () => true,
          () => false,
        ),
      );
      if (away) await new Promise((again) => setTimeout(again, AGAIN_MS).unref());
    } while (away && !closed);
    asking = false;
  };

  const begin: Breaker['begin'] = () => {
    if (away) {
      throw new RiskgraphError({
        code: 'STORE_UNAVAILABLE',
        message: `${store} does not answer`,
        hint: 'try again in a moment; GET /readyz says which store is down',
      });
    }
    const suspicion = setTimeout(() => void ask(), suspectAfterMs).unref();
    return (failure) => {
      clearTimeout(suspicion);
      if (!answered(failure)) void ask();
    };
  };

  return {
    begin,
    async run(work) {
      const end = begin();
      try {
        const answer = await work();
        end();
        return answer;
      } catch (failure) {
        end(failure);
        throw failure;
      }
    },
    close() {
      closed = true;
    },
  };
}

type Call = (...args: never[]) => Promise<unknown>;

/** The same port with every call through the breaker; for ports that are plain objects whose methods all return promises. */
export function throughBreaker<Port extends Readonly<Record<keyof Port, Call>>>(port: Port, breaker: Breaker): Port {
  const guarded = Object.entries<Call>(port).map(([name, method]) => [
    name,
    (...args: never[]) => breaker.run(() => method(...args)),
  ]);
  return Object.fromEntries(guarded) as Port;
}
