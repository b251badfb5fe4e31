import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RiskgraphError } from '../core/errors.js';
import { FairQueue } from '../core/fair-queue.js';
import type { Metrics } from '../core/ports/process.js';
import { answerSlow, answerUnread, isWhole } from './bodies.js';

/**
 * What is worked on at once: enough to use the processor while some wait for a store, few enough for each to be done soon. Decisions have
 * places of their own, since a report may hold one for minutes.
 */
const PLACES = { decisions: 8, others: 32 } as const;
/** So that reports of one key leave room for those of another. One key often makes all decisions: it has all places, and each of them briefly. */
const OTHERS_A_KEY = 16;
/** A place is for work: a body of a usual size is here within that time, one of 16 MiB in minutes, and a sender that drips keeps no place. */
const PLACED_BODY = { bytes: 256 * 1024, seconds: 5 } as const;
const LONGEST = 1_000;
/** Waiting and work together may take this share of a deadline: some take longer than the mean. */
const SHARE_OF_DEADLINE = 0.75;
/** Of a caller that names no deadline. */
const PATIENCE_MS = 5_000;
const RETRY_AFTER_SECONDS = 1;

/** One for all: its stack says nothing, and making it costs what a refusal must not. */
const OVERLOADED = new RiskgraphError({
  code: 'OVERLOADED',
  message: 'the server has more to do than it can answer in time',
  hint: `try again in ${RETRY_AFTER_SECONDS} s, later each time; run more API processes where it stays`,
});

interface AdmissionOptions {
  readonly metrics: Metrics;
  /** How long any sender may be silent. */
  readonly idleSeconds: number;
}

/** Lets a request in before its body is read. */
export type Admission = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/**
 * Bounds what the process works on. Above that requests wait in turn, one of every key after the other, as long as their deadline allows, and
 * what could not be answered in time is refused before anything is spent on it.
 */
export function createAdmission(server: FastifyInstance, { metrics, idleSeconds }: AdmissionOptions): Admission {
  const open = (places: number, placesAKey = places) =>
    new FairQueue({ places, placesAKey, longest: LONGEST, clock: () => performance.now() });
  const lanes = { decisions: open(PLACES.decisions), others: open(PLACES.others, OTHERS_A_KEY) };
  const pace = { ...PLACED_BODY, seconds: Math.min(PLACED_BODY.seconds, idleSeconds) };
  const lag = lagOf(server);

  return async (request, reply) => {
    const { caller, ip, deadline } = request;
    const lane = lanes[caller?.role === 'decision' ? 'decisions' : 'others'];
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const patience = deadline ? deadline.ms * SHARE_OF_DEADLINE - lane.heldMs - lag() : PATIENCE_MS;
    const leave = await lane.enter(caller?.keyId ?? ip, patience, gone.signal);
    if (leave) {
      if (gone.signal.aborted) leave();
      else gone.signal.addEventListener('abort', leave, { once: true });
      answerSlow(request, reply, pace);
      if (deadline) answerLate(request, reply, deadline.signal);
      return;
    }
    metrics.count('overloaded_requests', { role: caller?.role ?? '', caller: caller?.name ?? '' });
    reply.header('retry-after', RETRY_AFTER_SECONDS);
    throw OVERLOADED;
  };
}

/** A sender that is slower than its own deadline keeps no place; the deadline may have passed while it waited for one. */
function answerLate(request: FastifyRequest, reply: FastifyReply, deadline: AbortSignal): void {
  const late = (): void => {
    if (!isWhole(request)) answerUnread(reply, deadline.reason);
  };
  if (deadline.aborted) late();
  else deadline.addEventListener('abort', late, { once: true });
}

const LAG_EVERY_MS = 10;

/** How long what is read now may have waited for this process to look, in ms: the process hears of its connections once it has done its other work. */
function lagOf(server: FastifyInstance): () => number {
  let lookedAt = performance.now();
  let lag = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    lag = Math.max(0, now - lookedAt - LAG_EVERY_MS);
    lookedAt = now;
  }, LAG_EVERY_MS).unref();
  server.addHook('onClose', () => clearInterval(timer));
  return () => Math.max(lag, performance.now() - lookedAt - LAG_EVERY_MS);
}
