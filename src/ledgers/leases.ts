import { createHash } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** Short against a run, long enough that waiting costs Postgres nothing. */
const LOCK_RETRY_MS = 200;
/** A heartbeat reveals a lock that was lost silently, and keeps the network between from closing an idle connection. */
const HEARTBEAT_MS = 10_000;
/** An overloaded server answers late, and a process that was stopped hears its clock before its connections. */
const BEATS_TO_MISS = 3;

/**
 * Advisory locks are numbers: 64 bits of a hash. Views and tables have the lock that every earlier release takes, and one row of `view_turn`
 * by name, so that a process of that release and one of this one exclude each other. A view's name has an `@`, which a table's cannot have.
 */
const lockNumber = ({ name }: Resource): string =>
  createHash('sha256').update(`materialize:${name}`).digest().readBigInt64BE().toString();

/** Leases in Postgres: an advisory lock for each, and the newest fencing token of each resource in `view_turn`. */
export function createLeases(dataSource: DataSource): Leases {
  return {
    async hold(resource, signal, body) {
      const { session, connection } = await lockedSession(dataSource, resource, signal);
      const lost = new AbortController();
      const lose = () => lost.abort(connectionLost(resource));
      try {
        connection.once('error', lose).once('end', lose);
        const beat = heartbeat(() => session.query('SELECT 1'), lose);
        try {
          return await body({ resource, fencingToken: await nextToken(session, resource), lost: lost.signal });
        } finally {
          clearInterval(beat);
          connection.off('error', lose).off('end', lose);
          await session.query('SELECT pg_advisory_unlock($1::bigint)', [lockNumber(resource)]).catch(() => undefined);
        }
      } finally {
        await session.release();
      }
    },
  };
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

interface LockedSession {
  /** The lock belongs to its session and ends with the connection, so a killed process leaves none behind. */
  readonly session: QueryRunner;
  readonly connection: EventEmitter;
}

/** A process that waits keeps no connection between two attempts: a dozen of them would leave none to the holder. */
async function lockedSession(dataSource: DataSource, resource: Resource, signal: AbortSignal): Promise<LockedSession> {
  for (;;) {
    const session = dataSource.createQueryRunner();
    try {
      const connection = (await session.connect()) as EventEmitter;
      if (await tryLock(session, resource)) return { session, connection };
      await session.release();
    } catch (cause) {
      await session.release();
      throw notLocked(resource, cause);
    }
    // The signal of a holder that waits for a second lease says that it lost the first: such a job is tried again, as no one cancelled it.
    if (signal.aborted) throw signal.reason instanceof RiskgraphError ? signal.reason : cancelledWaiting(resource);
    await sleep(LOCK_RETRY_MS);
  }
}

async function tryLock(session: QueryRunner, resource: Resource): Promise<boolean> {
  const [row] = (await session.query('SELECT pg_try_advisory_lock($1::bigint) AS locked', [lockNumber(resource)])) as {
    locked: boolean;
  }[];
  return row?.locked === true;
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

/** A server that is gone without a word is missed after some beats without an answer. */
export function heartbeat(ask: () => Promise<unknown>, lose: () => void, everyMs = HEARTBEAT_MS): NodeJS.Timeout {
  let unanswered = 0;
  let open = false;
  return setInterval(() => {
    if (open) {
      if (++unanswered >= BEATS_TO_MISS) lose();
      return;
    }
    open = true;
    unanswered = 0;
    ask().then(() => {
      open = false;
    }, lose);
  }, everyMs).unref();
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
