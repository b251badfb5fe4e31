import type { DataSource } from 'typeorm';
import { withinTime } from '../core/async.js';
import type { Breaker } from '../core/breaker.js';
import { RiskgraphError } from '../core/errors.js';
import { type AuditEntry, type AuditLog, OUTCOMES } from '../core/ports/access.js';
import type { Log, Metrics } from '../core/ports/process.js';
import { AuditLogEntity } from './audit-log.js';
import { storableFields, storableText } from './storable.js';

/** A Postgres that hangs holds up no answer for longer; an entry that is taken later is still kept. */
const WRITE_MS = 5_000;

interface JournalOptions {
  readonly dataSource: DataSource;
  readonly breaker: Pick<Breaker, 'run'>;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** The entry as Postgres can store it, whatever a caller has sent. */
const storable = ({ requestId, caller, action, address, details, ...entry }: AuditEntry) => ({
  ...entry,
  requestId: storableText(requestId),
  caller: caller && { ...caller, name: storableText(caller.name) },
  action: storableText(action),
  address: storableText(address),
  details: storableFields(details) as object,
});

export function createAuditLog({ dataSource, breaker, metrics, log }: JournalOptions): AuditLog {
  const repository = dataSource.getRepository(AuditLogEntity);
  // An alert on an increase sees the first failure only where the count was there before it.
  for (const outcome of OUTCOMES) metrics.count('audit_failures', { outcome }, 0);
  return {
    async record(entry) {
      const late = () => new Error(`Postgres did not take the entry within ${WRITE_MS} ms`);
      const write = async () => void (await repository.insert(storable(entry)));
      try {
        await withinTime(breaker.run(write), WRITE_MS, late);
      } catch (cause) {
        const { requestId, action, outcome } = entry;
        metrics.count('audit_failures', { outcome });
        log.error({ err: cause, requestId, action: storableText(action), outcome }, 'the audit log was not written');
        throw new RiskgraphError({
          code: 'STORE_UNAVAILABLE',
          message: 'the audit log cannot be written, so nothing was done',
          hint: 'try again in a moment; GET /readyz says whether Postgres answers',
          cause,
        });
      }
    },
    list: (limit) => breaker.run(() => repository.find({ order: { id: 'DESC' }, take: limit })),
  };
}
