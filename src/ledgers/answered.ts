import type { DataSource, QueryRunner } from 'typeorm';
import { withinTime } from '../core/async.js';

/** What of a connection of `pg` is used here. */
export interface Endable {
  /** Ends it at once where a statement waits for its answer, which fails. */
  end(): Promise<void>;
}

/**
 * Runs work on a connection of its own. Where its answer does not come within `ms`, the connection ends, and the pool opens another in its place:
 * a network that drops the answer, or a proxy before the server, would otherwise keep both for as long as the process lives. What the server has
 * received it may still do.
 */
export async function answeredWithin<T>(
  dataSource: DataSource,
  ms: number,
  work: (session: QueryRunner) => Promise<T>,
): Promise<T> {
  const session = dataSource.createQueryRunner();
  try {
    const connection = (await session.connect()) as Endable;
    const late = (): Error => {
      void connection.end();
      return new Error(`Postgres gave no answer within ${ms} ms`);
    };
    return await withinTime(work(session), ms, late);
  } finally {
    await session.release();
  }
}
