/** Advisory locks of Postgres that expire: one process at a time runs a body, and one that stands still does not keep the others waiting. */
import type { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource, QueryRunner } from 'typeorm';
import type { Endable } from './answered.js';

/** Short against what is locked for, long enough that waiting costs Postgres nothing. */
const LOCK_RETRY_MS = 200;

export interface LockTiming {
  /** Postgres ends a session that is silent for this long, and its lock with it: the holder stands still, or its machine is gone. */
  readonly expiresMs: number;
  /** The holder is heard this often. */
  readonly beatMs: number;
}

const TIMING: LockTiming = { expiresMs: 10_000, beatMs: 2_500 };
/** An overloaded server answers late, and a process that was stopped hears its clock before its connections. */
const BEATS_TO_MISS = 4;

interface LockRequest {
  /** 64 bits, as text. */
  readonly lock: string;
  /** Called between two attempts; throws to end the waiting. */
  readonly refuse?: () => void;
  readonly timing?: LockTiming | undefined;
}

/**
 * Waits for the lock and runs the body while this process holds it. `lost` aborts when the lock ends before the body is done: another process
 * may hold it from then on.
 */
export async function whileLocked<T>(
  dataSource: DataSource,
  { lock, refuse, timing = TIMING }: LockRequest,
  body: (session: QueryRunner, lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const { session, connection } = await lockedSession(dataSource, { lock, refuse, timing });
  const lost = new AbortController();
  const lose = () => lost.abort();
  connection.once('error', lose).once('end', lose);
  // Its end fails what waits for an answer on it, and frees the lock where the server still hears it.
  const giveUp = (): void => {
    lose();
    void connection.end();
  };
  const beat = heartbeat(() => session.query('SELECT 1'), giveUp, timing.beatMs);
  try {
    return await body(session, lost.signal);
  } finally {
    clearInterval(beat);
    connection.off('error', lose).off('end', lose);
    // The pool gives the connection to others, which may be silent for longer.
    await session
      .query("SELECT pg_advisory_unlock($1::bigint), set_config('idle_session_timeout', '0', false)", [lock])
      .catch(() => undefined);
    await session.release();
  }
}

interface LockedSession {
  /** The lock belongs to its session and ends with the connection, so a killed process leaves none behind. */
  readonly session: QueryRunner;
  readonly connection: EventEmitter & Endable;
}

/** A process that waits keeps no connection between two attempts: a dozen of them would leave none to the holder. */
async function lockedSession(
  dataSource: DataSource,
  { lock, refuse, timing }: LockRequest & { readonly timing: LockTiming },
): Promise<LockedSession> {
  for (;;) {
    const session = dataSource.createQueryRunner();
    let locked = false;
    try {
      const connection = (await session.connect()) as EventEmitter & Endable;
      locked = await tryLock(session, lock, timing);
      if (locked) return { session, connection };
    } finally {
      if (!locked) await session.release();
    }
    refuse?.();
    await sleep(LOCK_RETRY_MS);
  }
}

/** Lock and expiry in one statement: a process that stops between two would hold a lock without an end. */
async function tryLock(session: QueryRunner, lock: string, { expiresMs }: LockTiming): Promise<boolean> {
  const [row] = (await session.query(
    `SELECT CASE WHEN pg_try_advisory_lock($1::bigint) THEN set_config('idle_session_timeout', $2, false) END IS NOT NULL AS locked`,
    [lock, String(expiresMs)],
  )) as { locked: boolean }[];
  return row?.locked === true;
}

/** A server that is gone without a word is missed after some beats without an answer. */
export function heartbeat(ask: () => Promise<unknown>, lose: () => void, everyMs: number): NodeJS.Timeout {
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
