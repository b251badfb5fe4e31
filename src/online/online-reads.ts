import { unlessAborted } from '../core/async.js';
import type { Breaker } from '../core/breaker.js';
import { RiskgraphError } from '../core/errors.js';
import type { OnlineReads, OnlineStore } from '../core/ports/online.js';

/** Reads of requests: a store that hangs costs its caller the deadline, and the callers after it nothing. See OnlineReads. */
export function createOnlineReads(online: Pick<OnlineStore, 'read'>, breaker: Breaker): OnlineReads {
  return {
    async read(groups, deadline) {
      try {
        deadline?.throwIfAborted();
        return await unlessAborted(
          breaker.run(() => online.read(groups)),
          deadline,
        );
      } catch (cause) {
        // TIMEOUT and STORE_UNAVAILABLE; anything else is a fault of the platform.
        if (!(cause instanceof RiskgraphError)) throw cause;
        return groups.map(({ keys, views }) => keys.map(() => views.map(() => 'ERROR')));
      }
    },
  };
}
