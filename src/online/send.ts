import { Cluster } from 'ioredis';
import type { RedisClient } from './redis.js';

export type Reply = [error: Error | null, result: unknown];
export type Command = readonly (string | number | Buffer)[];

/** Sends all commands at once and returns one reply or error per command; a lost server is an error of every command. */
export async function sendAll(client: RedisClient, commands: readonly Command[]): Promise<readonly Reply[]> {
  if (commands.length === 0) return [];
  if (client instanceof Cluster) {
    // Commands of one pipeline must share a node there; sent without waiting, they share the connections' packets all the same.
    const sent = commands.map(([name, ...args]) => client.callBuffer(name as string, ...(args as string[])));
    return (await Promise.allSettled(sent)).map((reply) =>
      reply.status === 'fulfilled' ? [null, reply.value] : [reply.reason as Error, null],
    );
  }
  const pipeline = client.pipeline();
  for (const [name, ...args] of commands) pipeline.callBuffer(name as string, ...(args as string[]));
  try {
    return ((await pipeline.exec()) ?? []) as readonly Reply[];
  } catch (error) {
    return commands.map(() => [error as Error, null]);
  }
}
