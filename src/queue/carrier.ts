/** BullMQ's queues, one a job name; they carry ids alone, what the job is stays in the ledger. */
import { Queue, QueueEvents } from 'bullmq';
import type { JobDefinition } from '../core/definitions/registry.js';
import type { JobRecord } from '../core/ports/jobs.js';
import type { Log } from '../core/ports/process.js';
import { answeredIn, endedWithin, type RedisClient } from './connection.js';

/** An API call does not wait longer for Redis. */
const REDIS_TIMEOUT_MS = 3_000;
/** 2, 4, … 32 s between six attempts: a store that is away for a minute fails no job. */
const ATTEMPTS = 6;
const BACKOFF_MS = 2_000;
/** Ended jobs are in the ledger; here they only keep an id from being carried twice. */
const KEEP_ENDED = { age: 3_600, count: 1_000 };

export interface Carrier {
  /** Hands a job to the workers; an id that is carried already stays one. */
  enqueue(record: Pick<JobRecord, 'id' | 'name'>): Promise<void>;
  /** Takes a waiting job away; one that runs stays. */
  remove(record: Pick<JobRecord, 'id' | 'name'>): Promise<void>;
  /** BullMQ's word for where the job is; 'unknown' where it is not. */
  stateOf(record: Pick<JobRecord, 'id' | 'name'>): Promise<string>;
  /** Calls back at every event of the job, from whichever process. */
  onEvent(record: Pick<JobRecord, 'id' | 'name'>, callback: () => void): () => void;
  close(): Promise<void>;
}

export const attemptsOf = (definition: Pick<JobDefinition, 'attempts'>): number => definition.attempts ?? ATTEMPTS;

const EVENTS = ['active', 'progress', 'completed', 'failed', 'removed', 'waiting', 'delayed'] as const;

export function createCarrier(options: {
  readonly redis: RedisClient;
  readonly prefix: string;
  readonly jobs: ReadonlyMap<string, JobDefinition>;
  readonly log: Log;
}): Carrier {
  const { redis, prefix, jobs, log } = options;
  const queues = new Map<string, Queue>();
  const listeners = new Map<
    string,
    { events: QueueEvents; connection: RedisClient; callbacks: Map<string, Set<() => void>> }
  >();

  const queueOf = (name: string): Queue => {
    let queue = queues.get(name);
    if (!queue) {
      queue = new Queue(name, { connection: redis, prefix });
      queue.on('error', (error) => log.warn({ err: error, job: name }, 'the queue lost Redis'));
      queues.set(name, queue);
    }
    return queue;
  };

  const listen = (name: string) => {
    let listener = listeners.get(name);
    if (!listener) {
      // Reading events blocks its connection.
      const connection = redis.duplicate();
      const events = new QueueEvents(name, { connection, prefix });
      const callbacks = new Map<string, Set<() => void>>();
      for (const event of EVENTS) {
        events.on(event, ({ jobId }: { jobId: string }) => {
          for (const callback of callbacks.get(jobId) ?? []) callback();
        });
      }
      events.on('error', (error) => log.warn({ err: error, job: name }, 'the queue lost Redis'));
      listener = { events, connection, callbacks };
      listeners.set(name, listener);
    }
    return listener;
  };

  return {
    async enqueue({ id, name }) {
      const definition = jobs.get(name);
      if (!definition) return;
      const added = queueOf(name).add(
        name,
        {},
        {
          jobId: id,
          attempts: attemptsOf(definition),
          backoff: { type: 'exponential', delay: BACKOFF_MS },
          removeOnComplete: KEEP_ENDED,
          removeOnFail: KEEP_ENDED,
        },
      );
      await answeredIn(added, REDIS_TIMEOUT_MS);
    },

    async remove({ id, name }) {
      await answeredIn(queueOf(name).remove(id), REDIS_TIMEOUT_MS);
    },

    stateOf: ({ id, name }) => answeredIn(queueOf(name).getJobState(id), REDIS_TIMEOUT_MS),

    onEvent({ id, name }, callback) {
      const { callbacks } = listen(name);
      const mine = callbacks.get(id) ?? new Set();
      callbacks.set(id, mine.add(callback));
      return () => {
        mine.delete(callback);
        if (mine.size === 0) callbacks.delete(id);
      };
    },

    async close() {
      const all = [...listeners.values()];
      const closing = [
        ...all.map(({ events }) => events.close()),
        ...[...queues.values()].map((queue) => queue.close()),
      ];
      // BullMQ waits for the end of connections that are being opened again, which never comes where Redis is gone.
      await endedWithin(redis, Promise.all(closing));
      for (const { connection } of all) connection.disconnect();
    },
  };
}
