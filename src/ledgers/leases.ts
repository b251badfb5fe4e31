import { createHash } from 'node:crypto';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { RiskgraphError } from '../core/errors.js';
import {
  fencedOff,
  type Lease,
  type Leases,
  lostLeaseHint,
  type Resource,
  resourceText,
} from '../core/ports/leases.js';
import { type LockTiming, whileLocked } from './session-lock.js';

/**
 * Advisory locks are numbers: 64 bits of a hash. Views and tables have the lock that every earlier release takes, and one row of `view_turn`
 * by name, so that a process of that release and one of this one exclude each other. A view's name has an `@`, which a table's cannot have.
 */
const lockNumber = ({ name }: Resource): string =>
  createHash('sha256').update(`materialize:${name}`).digest().readBigInt64BE().toString();

/** Leases in Postgres: an advisory lock for each, which expires, and the newest fencing token of each resource in `view_turn`. */
export function createLeases(dataSource: DataSource, timing?: LockTiming): Leases {
  return {
    async hold(resource, signal, body) {
      let isHeld = false;
      const request = { lock: lockNumber(resource), refuse: () => refuse(resource, signal), timing };
      try {
        return await whileLocked(dataSource, request, async (session, ended) => {
          isHeld = true;
          const lost = new AbortController();
          ended.addEventListener('abort', () => lost.abort(connectionLost(resource)), { once: true });
          return body({ resource, fencingToken: await nextToken(session, resource), lost: lost.signal });
        });
      } catch (cause) {
        // What the body throws is its own.
        if (isHeld || cause instanceof RiskgraphError) throw cause;
        throw notLocked(resource, cause);
      }
    },
  };
}

/** The signal of a holder that waits for a second lease says that it lost the first: such a job is tried again, as no one cancelled it. */
function refuse(resource: Resource, signal: AbortSignal): void {
  if (signal.aborted) throw signal.reason instanceof RiskgraphError ? signal.reason : cancelledWaiting(resource);
}

/**
 * Call it in the transaction of a write to Postgres: the row stays locked until that ends, so that the next holder sees what was written.
 * @throws STORE_UNAVAILABLE where the lease has a later holder
 */
export async function checkToken(manager: EntityManager, { resource, fencingToken }: Lease): Promise<void> {
  const [newest] = (await manager.query('SELECT turn FROM view_turn WHERE view_id = $1 FOR SHARE', [
    resource.name,
  ])) as { turn: string }[];
  if (Number(newest?.turn) !== fencingToken) throw fencedOff(resource);
}

/**
 * A fencing token is higher than the one before and no lower than the time in milliseconds: after Postgres is restored from a backup, the offline
 * store knows tokens that the backup does not, and would reject all up to them.
 */
async function nextToken(session: QueryRunner, resource: Resource): Promise<number> {
  const [row] = (await session.query(
    `INSERT INTO view_turn AS t (view_id, turn) VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
     ON CONFLICT (view_id) DO UPDATE SET turn = greatest(t.turn + 1, excluded.turn) RETURNING turn`,
    [resource.name],
  )) as { turn: string }[];
  return Number(row?.turn);
}

/** Its code lets a job be tried again, whatever the driver says. */
const notLocked = (resource: Resource, cause: unknown): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `Postgres gave no lease of ${resourceText(resource)}`,
    hint: 'try again; if it stays so, see whether Postgres runs and takes connections',
    cause,
  });

const cancelledWaiting = (resource: Resource): RiskgraphError =>
  new RiskgraphError({
    code: 'CONFLICT',
    message: `cancelled while another process held the lease of ${resourceText(resource)}`,
  });

const connectionLost = (resource: Resource): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `the connection to Postgres that kept the lease of ${resourceText(resource)} broke off`,
    hint: lostLeaseHint(resource),
  });
