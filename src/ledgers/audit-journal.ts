import type { DataSource } from 'typeorm';
import { repeat, withinTime } from '../core/async.js';
import type { Breaker } from '../core/breaker.js';
import { RiskgraphError } from '../core/errors.js';
import { MINUTE, SECOND } from '../core/helpers/time.js';
import { type AuditEntry, type AuditLog, OUTCOMES } from '../core/ports/access.js';
import type { Clock, Log, Metrics } from '../core/ports/process.js';
import { answeredWithin } from './answered.js';
import { createAuditBatches } from './audit-batches.js';
import { checkAuditLog } from './audit-check.js';
import { AuditLogEntity } from './audit-log.js';
import { entryOf, partsOf, weightOf } from './audit-reads.js';
import { createStrangers } from './audit-strangers.js';
import { storableFields, storableText } from './storable.js';

/** A Postgres that hangs holds up no answer for longer; an entry that is taken later is still kept. */
const WRITE_MS = 5_000;
/** A write that is not answered by then is given up with its connection: entries after it would wait for ever. */
const LOST_MS = 30_000;

interface JournalOptions {
  readonly dataSource: DataSource;
  /** The key of the hashes of entities. */
  readonly key: Buffer;
  readonly breaker: Pick<Breaker, 'run'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Entries that may wait to be written. */
  readonly mostWaiting?: number;
  readonly lostMs?: number | undefined;
}

/** How often it is looked for minutes that are over. */
const STRANGERS_MS = 5 * SECOND;

/** One statement for any number of entries, in their order. */
const INSERT = `
  INSERT INTO audit_log (at, request_id, caller, action, outcome, address, details)
  SELECT 'epoch'::timestamptz + at * interval '1 millisecond', "requestId", caller, action, outcome, address, details
  FROM jsonb_to_recordset($1) AS entry
    (at bigint, "requestId" text, caller jsonb, action text, outcome text, address text, details jsonb)`;

const PRUNE = 'SELECT prune_audit_log($1) AS entries';

/** The entry as Postgres can store it, whatever a caller has sent. */
const storable = (entry: AuditEntry): AuditEntry => ({
  ...entry,
  requestId: storableText(entry.requestId),
  caller: entry.caller && { ...entry.caller, name: storableText(entry.caller.name) },
  action: storableText(entry.action),
  address: storableText(entry.address),
  details: storableFields(entry.details),
});

/** The audit log; close it to write what waits. */
export function createAuditLog(options: JournalOptions): AuditLog & { close(): Promise<void> } {
  const { dataSource, breaker, clock, metrics, log, mostWaiting, lostMs = LOST_MS } = options;
  const key = options.key.toString('hex');
  const repository = dataSource.getRepository(AuditLogEntity);
  const write = (entries: readonly AuditEntry[]): Promise<void> =>
    breaker.run(() =>
      answeredWithin(
        dataSource,
        lostMs,
        async (session) => void (await session.query(INSERT, [JSON.stringify(entries)])),
      ),
    );
  /** @param entry storable */
  const record = async (entry: AuditEntry): Promise<void> => {
    const late = () => new Error(`Postgres did not take the entry within ${WRITE_MS} ms`);
    try {
      await withinTime(write([entry]), WRITE_MS, late);
    } catch (cause) {
      const { requestId, action, outcome } = entry;
      metrics.count('audit_failures', { outcome });
      log.error({ err: cause, requestId, action, outcome }, 'the audit log was not written');
      throw new RiskgraphError({
        code: 'STORE_UNAVAILABLE',
        message: 'the audit log cannot be written, so nothing was done',
        hint: 'try again in a moment; GET /readyz says whether Postgres answers',
        cause,
      });
    }
  };
  const batches = createAuditBatches({ write, mostWaiting, clock, metrics, log });
  const strangers = createStrangers();
  const takeStrangers = (before: number): void => {
    for (const entry of strangers.take(before)) batches.add(() => storable(entry));
  };
  const minutes = repeat(async () => takeStrangers(clock() - MINUTE), {
    everyMs: STRANGERS_MS,
    onError: (error) => log.error({ err: error }, 'calls without a key are not recorded'),
  });
  // An alert on an increase sees the first failure only where the count was there before it.
  for (const outcome of OUTCOMES) metrics.count('audit_failures', { outcome }, 0);
  return {
    record: (entry) => record(storable(entry)),
    noteReads(reads) {
      for (const part of partsOf(reads)) batches.add(() => entryOf(part, key), weightOf(part));
    },
    async recordReads(reads) {
      for (const part of partsOf(reads)) await record(entryOf(part, key)).catch(() => undefined);
    },
    noteStranger: (stranger) => strangers.count(stranger),
    flush() {
      takeStrangers(Number.POSITIVE_INFINITY);
      return batches.flush();
    },
    check: () => breaker.run(() => checkAuditLog(dataSource)),
    async prune(before) {
      let pruned = 0;
      for (;;) {
        const [{ entries }] = (await dataSource.query(PRUNE, [new Date(before)])) as [{ entries: string }];
        if (entries === '0') break;
        pruned += Number(entries);
      }
      if (pruned > 0) {
        const details = { entries: pruned, before: new Date(before).toISOString() };
        const by = { requestId: '', caller: null, action: 'entries pruned', outcome: 'DONE', address: '' } as const;
        await write([{ ...by, at: clock(), details }]);
      }
      return pruned;
    },
    list: (limit) => breaker.run(() => repository.find({ order: { id: 'DESC' }, take: limit })),
    async close() {
      await minutes.stop();
      takeStrangers(Number.POSITIVE_INFINITY);
      await batches.close();
    },
  };
}
