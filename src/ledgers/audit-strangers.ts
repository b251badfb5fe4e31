import { MINUTE } from '../core/helpers/time.js';
import type { AuditEntry, Stranger } from '../core/ports/access.js';

/** Addresses of one minute that have an entry of their own: the others share one, so that strangers cannot fill the log. */
const ADDRESSES = 1_000;
const OTHERS = 'other addresses';

interface Count {
  readonly minute: number;
  readonly address: string;
  readonly actions: Map<string, number>;
}

/** Counts the calls without a key of this server by minute and address. */
export function createStrangers() {
  let counts = new Map<string, Count>();
  const placeOf = (minute: number, address: string): Count => {
    const key = `${minute} ${address}`;
    const known = counts.get(key);
    if (known) return known;
    if (counts.size >= ADDRESSES && address !== OTHERS) return placeOf(minute, OTHERS);
    const fresh = { minute, address, actions: new Map<string, number>() };
    counts.set(key, fresh);
    return fresh;
  };
  return {
    count({ at, address, action }: Stranger): void {
      const { actions } = placeOf(Math.floor(at / MINUTE) * MINUTE, address);
      actions.set(action, (actions.get(action) ?? 0) + 1);
    },
    /** Takes out the entries of the minutes that began before an instant. */
    take(before: number): AuditEntry[] {
      const taken = [...counts.values()].filter(({ minute }) => minute < before);
      counts = new Map([...counts].filter(([, { minute }]) => minute >= before));
      return taken.map(({ minute, address, actions }) => ({
        at: minute,
        requestId: '',
        caller: null,
        action: 'unauthenticated',
        outcome: 'REFUSED',
        address,
        details: {
          calls: [...actions.values()].reduce((sum, calls) => sum + calls, 0),
          actions: Object.fromEntries(actions),
        },
      }));
    },
  };
}
