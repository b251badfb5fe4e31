import type { ClickHouseClient } from '@clickhouse/client';

class Dead extends Error {}

/**
 * Runs the body over a client behind which the process dies: after a number of calls that change something the store has done what it was
 * asked for, and nobody hears of it nor calls again. True where the body died, false where it came to its end. Reads leave nothing behind:
 * to die after one is to die after the change before it.
 */
export async function dyingAfter(
  client: ClickHouseClient,
  changes: number,
  body: (client: ClickHouseClient) => Promise<unknown>,
): Promise<boolean> {
  let left = changes;
  const dying = new Proxy(client, {
    get(target, name: 'query' | 'command' | 'insert' | 'exec') {
      const method = target[name] as (...args: unknown[]) => Promise<unknown>;
      if (!['query', 'command', 'insert', 'exec'].includes(name)) return method;
      return async (...args: unknown[]) => {
        if (left <= 0) throw new Dead();
        const result = await method.apply(target, args);
        if (name === 'query') return result;
        left--;
        // The answer of an INSERT with a body is its end.
        if (name === 'exec' && left <= 0) for await (const _ of (result as { stream: AsyncIterable<unknown> }).stream);
        if (left <= 0) throw new Dead();
        return result;
      };
    },
  });
  try {
    await body(dying);
    return false;
  } catch (error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      if (cause instanceof Dead) return true;
    throw error;
  }
}
