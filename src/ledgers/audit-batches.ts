/** Entries that no answer waits for: they are written together, shortly after. */
import { repeat, withinTime } from '../core/async.js';
import type { AuditEntry } from '../core/ports/access.js';
import type { Clock, Log, Metrics } from '../core/ports/process.js';

/** A killed process loses the entries of no longer. */
const EVERY_MS = 500;
/** One statement; the writers of other processes wait for it. */
const AT_ONCE = 200;
/** Values of the entries of one statement, about: they are made at once, some milliseconds in which no request is answered. */
const WEIGHT_AT_ONCE = 2_000;
/** What waits while Postgres is away, or slower than what comes: some 25 MB. */
const MOST_WAITING = 10_000;
const MOST_WEIGHT = 250_000;
/** A process that ends waits no longer for Postgres. */
const CLOSE_MS = 3_000;

interface Waiting {
  /** Made when it is written, and not while its request waits. */
  readonly entry: () => AuditEntry;
  readonly weight: number;
}

export interface AuditBatches {
  /** Takes an entry, or counts it as lost where too many wait. `weight` is about its number of values. */
  add(entry: () => AuditEntry, weight?: number): void;
  /** Writes what waits; it fails where that cannot be written, and what waits still does. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export function createAuditBatches(options: {
  readonly write: (entries: readonly AuditEntry[]) => Promise<void>;
  readonly mostWaiting?: number | undefined;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}): AuditBatches {
  const { write, mostWaiting = MOST_WAITING, clock, metrics, log } = options;
  const waiting: Waiting[] = [];
  let weight = 0;
  /** Lost since the last entry that says so. */
  let lost = 0;
  let failing = false;
  metrics.count('audit_entries_lost', {}, 0);

  const lose = (entries: number): void => {
    lost += entries;
    metrics.count('audit_entries_lost', {}, entries);
  };

  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0 || lost > 0) {
      const batch = nextOf(waiting);
      const gap = lost;
      const entries = batch.map(({ entry }) => entry());
      await write(gap > 0 ? [gapOf(gap, clock()), ...entries] : entries);
      waiting.splice(0, batch.length);
      for (const each of batch) weight -= each.weight;
      lost -= gap;
    }
  };

  let writing: Promise<void> = Promise.resolve();
  /** One at a time: an entry that two statements carry would be written twice. */
  const flush = (): Promise<void> => {
    writing = writing.catch(() => undefined).then(writeAll);
    return writing;
  };

  const rounds = repeat(
    async () => {
      await flush();
      if (failing) log.info({}, 'entries of the audit log are written again');
      failing = false;
    },
    {
      everyMs: EVERY_MS,
      onError: (error) => {
        if (!failing) log.error({ err: error, waiting: waiting.length }, 'entries of the audit log wait to be written');
        failing = true;
      },
    },
  );

  return {
    add(entry, entryWeight = 1) {
      if (waiting.length >= mostWaiting || weight + entryWeight > MOST_WEIGHT) return lose(1);
      waiting.push({ entry, weight: entryWeight });
      weight += entryWeight;
    },
    flush,
    async close() {
      const stopped = rounds.stop().then(flush);
      await withinTime(stopped, CLOSE_MS, () => new Error('Postgres did not take them in time')).catch((error) => {
        const left = waiting.length;
        lose(left);
        log.error({ err: error, entries: left }, 'entries of the audit log are lost');
      });
    },
  };
}

/** The oldest that make one statement: one at least. */
function nextOf(waiting: readonly Waiting[]): readonly Waiting[] {
  let weight = 0;
  const end = waiting.slice(0, AT_ONCE).findIndex((each, index) => {
    weight += each.weight;
    return index > 0 && weight > WEIGHT_AT_ONCE;
  });
  return waiting.slice(0, end === -1 ? AT_ONCE : end);
}

/** A gap is said where it is. */
const gapOf = (entries: number, at: number): AuditEntry => ({
  at,
  requestId: '',
  caller: null,
  action: 'entries lost',
  outcome: 'FAILED',
  address: '',
  details: { entries },
});
