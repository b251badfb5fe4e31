/**
 * Runs whose stamps lie in the future by the clock of the stores: a process whose clock had jumped made them. Nothing of them was known at any
 * instant that has come, so they give way to what was; their as-ofs are computed again once they are due.
 */
import { formatInstant, type Instant, MINUTE } from '../core/helpers/time.js';
import type { EntityKey, ViewRow } from '../core/ports/offline.js';
import { type LeasedView, runOf, storeNow } from './run-steps.js';
import { newestDue } from './schedule.js';

/** Clocks of healthy machines differ by less. */
const TOLERANCE_MS = MINUTE;

/** The instant after which a stamp is one of the future. */
export const futureFrom = (now: Instant): Instant => now + TOLERANCE_MS;

/** Takes runs of the future out of both stores. Each step may be repeated: what is left is found again. */
export async function replaceFutureRuns(leased: LeasedView, signal: AbortSignal): Promise<void> {
  const { view, offline, ledger, writer, lease, log } = leased;
  const now = await storeNow(leased);
  const runs = await ledger.stampedAfter([view.id], futureFrom(now));
  if (runs.length === 0) return;
  const asOfs = runs.map(({ asOf }) => formatInstant(asOf));
  log.warn({ view: view.id, asOfs, now: formatInstant(now) }, 'replacing runs that are stamped in the future');
  const ids = runs.map(({ id }) => id);
  // First: the rows of the runs tell which keys have to be put right.
  for await (const keys of offline.keysOfRuns(view, ids)) {
    signal.throwIfAborted();
    await putRight(leased, keys, now);
  }
  await writer.withdraw(ids);
  await writer.dropStages(runs.map((record) => runOf(view, record)));
  await ledger.forget(ids, lease);
}

/** Gives keys the row that is in force now, or the end of any; what is stored as of later gives way. */
async function putRight(
  { view, offline, online, calendar }: LeasedView,
  keys: readonly EntityKey[],
  now: Instant,
): Promise<void> {
  const found = await offline.rowsAt(view, now, keys);
  const eventTime = newestDue(view, now, calendar);
  const rows = keys.map((key, index): ViewRow => {
    const none = { key, eventTime, availableAt: eventTime, sequence: 0, tombstone: true, values: [] };
    return found[index] ?? none;
  });
  await online.write(view, rows, { over: futureFrom(now) });
}
