/**
 * Fencing: a process that was stopped, or cut off from Postgres, may go on writing after another took its lease, and a killed one may have an
 * INSERT under way. Each resource has its newest fencing token stored beside its rows, and each statement that writes rows names the token it
 * is for, so the store itself rejects the earlier holder.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ident, param, raw, type Sql, sql } from '../core/definitions/sql.js';
import { fencedOff, type Lease, type Resource } from '../core/ports/leases.js';
import type { ClickHouse } from './client.js';

type Store = Pick<ClickHouse, 'rows' | 'insert'>;

export interface Fence {
  readonly resource: Resource;
  readonly token: number;
  /** Every table that the holder writes to. */
  readonly tables: readonly string[];
  /** The table that keeps the tokens in its column `turn`; where several resources share it, `table` says whose they are. */
  readonly tokens: { readonly table: string; readonly of?: string };
}

/** The fence of a source table; `beside` are tables that only its holder writes to. */
export const tableFence = ({ resource, fencingToken }: Lease<'table'>, beside: readonly string[] = []): Fence => ({
  resource,
  token: fencingToken,
  tables: [resource.name, ...beside],
  tokens: { table: 'source_turns', of: resource.name },
});

const POLL_MS = 100;

export interface RaiseOptions {
  readonly signal: AbortSignal;
  /** Drops what earlier holders were still making; runs once they can no longer put it in place. */
  readonly discard?: () => Promise<void>;
}

/**
 * From now on the store rejects what begins for an earlier token; waits for the statements that began before: the server goes on with them when
 * their process is gone, and rows that are not seen yet would be added twice.
 */
export async function raiseFence(store: Store, fence: Fence, { signal, discard }: RaiseOptions): Promise<void> {
  const { table, of } = fence.tokens;
  await (of === undefined
    ? store.insert('fence-raise', { table, columns: ['turn'] }, [[fence.token]])
    : store.insert('fence-raise', { table, columns: ['table', 'turn'] }, [[of, fence.token]]));
  await discard?.();
  const begins = fence.tables
    .flatMap((name) => [ident(name).render().query, name])
    .map((name) => `INSERT INTO ${name} `);
  for (;;) {
    signal.throwIfAborted();
    const [statements] = await store.rows<{ writing: string }>(
      'fence-wait',
      // A statement has no database while it is opened or closed: it is waited for rather than missed.
      sql`SELECT count() AS writing FROM system.processes WHERE current_database IN (currentDatabase(), '')
        AND arrayExists(begin -> startsWith(trimLeft(query), begin), ${param('Array(String)', begins)})`,
    );
    if (Number(statements?.writing ?? 0) === 0) return;
    await sleep(POLL_MS);
  }
}

/** True for a statement that begins while no later holder has raised the fence. */
export const withinFence = ({ tokens: { table, of }, token }: Fence): Sql =>
  sql`(SELECT max(turn) FROM ${ident(table)}${of === undefined ? raw('') : sql` WHERE table = ${of}`}) <= ${param('UInt64', token)}`;

/** @throws STORE_UNAVAILABLE where a later holder has raised the fence: what was written last may be missing */
export async function checkFence(store: Store, fence: Fence): Promise<void> {
  const [answer] = await store.rows<{ within: number }>('fence-check', sql`SELECT ${withinFence(fence)} AS within`);
  if (answer?.within !== 1) throw fencedOff(fence.resource);
}
