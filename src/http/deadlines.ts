import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Deadline } from '../core/deadline.js';
import { badInput, RiskgraphError } from '../core/errors.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null: the caller waits as long as it takes. */
    deadline: Deadline | null;
    /** Aborted where the connection closes before the answer is sent. */
    gone: AbortSignal;
  }
}

const HEADER = 'x-deadline-ms';
/** A caller that waits longer needs no deadline. */
const LONGEST_MS = 600_000;

/** One for all: no one reads it. */
const GONE = new RiskgraphError({ code: 'TIMEOUT', message: 'the caller closed the connection before the answer' });

/** @throws BAD_USER_INPUT where the header is not a number of milliseconds */
function givenMs(text: string | string[] | undefined): number | null {
  if (text === undefined) return null;
  const ms = Number(text);
  if (Number.isInteger(ms) && ms >= 1 && ms <= LONGEST_MS) return ms;
  throw badInput(
    `X-Deadline-Ms is '${String(text).slice(0, 100)}'`,
    `send whole milliseconds from 1 to ${LONGEST_MS}, or leave it out`,
  );
}

/** Starts the deadline of each request when its headers are here: that of `X-Deadline-Ms`, else the default of role decision. */
export function registerDeadlines(server: FastifyInstance, { decisionMs }: { readonly decisionMs: number }): void {
  server.decorateRequest('deadline', null);
  server.decorateRequest('gone');
  server.addHook('onRequest', async (request, reply) => {
    const gone = new AbortController();
    request.gone = gone.signal;
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort(GONE);
    });
    const ms = givenMs(request.headers[HEADER]) ?? (request.caller?.role === 'decision' ? decisionMs : null);
    if (ms === null) return;
    const deadline = new Deadline(ms);
    request.deadline = deadline;
    reply.raw.once('close', () => deadline.close());
  });
}

/** Aborted once the caller waits no longer. */
export const waitOf = ({ deadline, gone }: Pick<FastifyRequest, 'deadline' | 'gone'>): AbortSignal =>
  deadline ? AbortSignal.any([deadline.signal, gone]) : gone;

/**
 * Waits for the answer to a read no longer than its caller does.
 * @throws TIMEOUT
 */
export const answeredInTime = <T>({ deadline }: Pick<FastifyRequest, 'deadline'>, work: Promise<T>): Promise<T> =>
  deadline ? deadline.answer(work) : work;
