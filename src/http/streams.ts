import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RiskgraphError } from '../core/errors.js';

/** Streams of one key at a time: each watches a job for as long as it lasts. */
const MOST_A_KEY = 100;

export interface Streams {
  /** Counts a stream until its connection closes. RATE_LIMITED where the key has as many as it may. */
  open(request: FastifyRequest, reply: FastifyReply): void;
}

/** The streams that are open. They have no end of their own: closing the server ends them, or it would wait for them. */
export function openStreams(server: FastifyInstance): Streams {
  const replies = new Set<FastifyReply>();
  const counts = new Map<string, number>();
  server.addHook('preClose', async () => {
    for (const reply of replies) reply.raw.end();
  });
  return {
    open({ caller, ip }, reply) {
      const key = caller?.keyId ?? ip;
      const count = counts.get(key) ?? 0;
      if (count >= MOST_A_KEY) {
        throw new RiskgraphError({
          code: 'RATE_LIMITED',
          message: `this key has ${MOST_A_KEY} streams open`,
          hint: 'close those that are read no longer; a job can also be asked for: { job(id) { state progress } }',
        });
      }
      counts.set(key, count + 1);
      replies.add(reply);
      reply.raw.once('close', () => {
        replies.delete(reply);
        const left = (counts.get(key) ?? 1) - 1;
        if (left > 0) counts.set(key, left);
        else counts.delete(key);
      });
    },
  };
}
