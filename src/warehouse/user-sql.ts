/** Where SQL that callers wrote is checked and run: on connections of its own, in turn with other keys, so that it starves no other work. */
import { withinTime } from '../core/async.js';
import { RiskgraphError } from '../core/errors.js';
import { FairQueue, type Leave } from '../core/fair-queue.js';
import type { SqlGuard } from '../core/ports/sources.js';
import type { ClickHouse } from './client.js';
import { createSqlGuard } from './guard/sql-guard.js';

/** Connections that callers' SQL has; the rest of the server's is for the platform. */
export const USER_SQL_CONNECTIONS = 4;

/** A check takes some 50 ms. One place is left to others whatever a key sends. */
const CHECKS = { places: 2, placesAKey: 1 };
const CHECK_PATIENCE_MS = 5_000;
/** Most that the caller waits for its check; each statement of it has its own limit. */
const CHECK_MS = 20_000;
/**
 * A mapping that reads its file, or a spine that is written, may take minutes; one that waits has its file on disk. Runs and checks together have a
 * connection each: a check that waits for that of a run would be too late.
 */
const RUNS = { places: 2, placesAKey: 1 };
const RUN_PATIENCE_MS = 600_000;
const LONGEST = 1_000;
const RETRY_AFTER_SECONDS = 5;

export interface CheckTools {
  readonly store: ClickHouse;
  readonly guard: SqlGuard;
}

export interface UserSql {
  /**
   * Runs a body that looks at SQL and computes nothing of it. `key` is the id of the caller's key; those without one have a share together.
   * It waits for its turn as long as the caller does, in ms; a few seconds where that says nothing.
   * @throws OVERLOADED where the key, or all of them together, have more SQL to check than is done in time
   */
  check<T>(key: string | undefined, body: (tools: CheckTools) => Promise<T>, patienceMs?: number): Promise<T>;
  /**
   * Waits for a place in which SQL runs, until it is left.
   * @throws OVERLOADED where none becomes free in ten minutes; the reason of the signal where that ends the wait
   */
  enter(key: string | undefined, signal?: AbortSignal): Promise<{ readonly store: ClickHouse; readonly leave: Leave }>;
}

const overloaded = (what: string): RiskgraphError =>
  new RiskgraphError({
    code: 'OVERLOADED',
    message: `there is more SQL of callers to ${what} than the store takes in time`,
    hint: `try again in ${RETRY_AFTER_SECONDS} s, with fewer at once`,
    details: { retryAfterSeconds: RETRY_AFTER_SECONDS },
  });

const tooLong = (): RiskgraphError =>
  new RiskgraphError({
    code: 'TIMEOUT',
    message: 'the check of the SQL took longer than allowed',
    hint: 'make its constants smaller: they are computed when the SQL is checked',
  });

/** @param store with connections of its own */
export function createUserSql(store: ClickHouse): UserSql {
  const open = (places: typeof CHECKS) =>
    new FairQueue({ ...places, longest: LONGEST, clock: () => performance.now() });
  const checks = open(CHECKS);
  const runs = open(RUNS);
  const tools = { store, guard: createSqlGuard(store) };
  const stays = new AbortController().signal;
  return {
    async check(key = '', body, patienceMs = CHECK_PATIENCE_MS) {
      const leave = await checks.enter(key, patienceMs, stays);
      if (!leave) throw overloaded('check');
      // The place stays taken as long as the server works, whether or not the caller still waits.
      return withinTime(body(tools).finally(leave), CHECK_MS, tooLong);
    },
    async enter(key = '', signal = stays) {
      const leave = await runs.enter(key, RUN_PATIENCE_MS, signal);
      if (signal.aborted) {
        leave?.();
        throw signal.reason;
      }
      if (!leave) throw overloaded('run');
      let left = false;
      return {
        store,
        leave: () => {
          if (!left) leave();
          left = true;
        },
      };
    },
  };
}
