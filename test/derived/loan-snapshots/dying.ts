import type { ClickHouse } from '../../../src/warehouse/client.js';

class Dead extends Error {}

/**
 * Runs the body over a client after which the process dies: after a number of calls that change something the store has done what it was
 * asked for, and the caller neither hears of it nor calls again. True where the body died, false where it came to its end. Reads leave
 * nothing behind: to die after one is to die after the change before it.
 */
export async function dyingAfter(
  clickhouse: ClickHouse,
  changes: number,
  body: (clickhouse: ClickHouse) => Promise<unknown>,
): Promise<boolean> {
  let left = changes;
  const alive = (): void => {
    if (left <= 0) throw new Dead();
  };
  const changing =
    <Arguments extends unknown[]>(change: (...given: Arguments) => Promise<void>) =>
    async (...given: Arguments): Promise<void> => {
      alive();
      await change(...given);
      left--;
      alive();
    };
  const reading =
    <Arguments extends unknown[], Answer>(read: (...given: Arguments) => Promise<Answer>) =>
    async (...given: Arguments): Promise<Answer> => {
      alive();
      return read(...given);
    };
  const dying = {
    ...clickhouse,
    run: changing(clickhouse.run),
    insert: changing(clickhouse.insert),
    insertBytes: changing(clickhouse.insertBytes),
    rows: reading(clickhouse.rows),
    tuples: reading(clickhouse.tuples),
  } as ClickHouse;
  try {
    await body(dying);
    return false;
  } catch (error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      if (cause instanceof Dead) return true;
    throw error;
  }
}
