/** Bodies of requests: bounded in what they unpack to, and in how long their sender may be silent. */
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { unlessAborted } from '../core/async.js';
import { badInput, RiskgraphError } from '../core/errors.js';
import { Unpacked } from '../core/unpacked.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Aborted, with the reason, where the body is not waited for any longer; null without a body. */
    bodyStalls: AbortSignal | null;
  }
}

/** What a sender gives at least; one that gives less drips. */
export interface Pace {
  readonly bytes: number;
  readonly seconds: number;
}

/** In the time that a sender may be silent. */
const STEADY_BYTES = 1024;
/** Else a sender could drip just fast enough for ever. */
const LONGEST_HOURS = 12;

const stalled = ({ bytes, seconds }: Pace): RiskgraphError =>
  new RiskgraphError({
    code: 'TIMEOUT',
    message: `less than ${bytes} bytes of the body came in ${seconds} s`,
    hint: 'send it again, without pauses',
  });

const TOO_LONG = new RiskgraphError({
  code: 'TIMEOUT',
  message: `the body did not come whole within ${LONGEST_HOURS} h`,
  hint: 'send it again, in several files',
});

/** Whether all of the body is here. */
export const isWhole = ({ raw }: FastifyRequest): boolean => raw.complete;

/** Answers a request whose body is not waited for, and ends its connection: what still comes of it would be read as the next request. */
export function answerUnread(reply: FastifyReply, error: unknown): void {
  if (!reply.sent) void reply.header('connection', 'close').send(error);
}

/** Answers TIMEOUT to a request whose body stops coming, whichever route it is for. */
export function registerBodies(server: FastifyInstance, { idleSeconds }: { readonly idleSeconds: number }): void {
  server.decorateRequest('bodyStalls', null);
  server.addHook('preParsing', async (request, reply) => {
    request.bodyStalls = answerSlow(request, reply, { bytes: STEADY_BYTES, seconds: idleSeconds });
  });
}

/** Answers TIMEOUT where less of the body comes, and aborts the signal with it; null where nothing more is to come. */
export function answerSlow(request: FastifyRequest, reply: FastifyReply, pace: Pace): AbortSignal | null {
  const { headers } = request;
  if (isWhole(request)) return null;
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return null;
  const stalls = watch(request, pace);
  stalls.addEventListener('abort', () => answerUnread(reply, stalls.reason), { once: true });
  return stalls;
}

/** Time in which this process does not read counts for nothing: what was sent then waits in front of it. */
function watch({ raw }: FastifyRequest, pace: Pace): AbortSignal {
  const controller = new AbortController();
  const began = performance.now();
  let seen = raw.socket.bytesRead;
  let silent = 0;
  const end = (error: RiskgraphError): void => {
    clearInterval(timer);
    controller.abort(error);
  };
  const timer = setInterval(() => {
    if (raw.complete || raw.destroyed) {
      clearInterval(timer);
      return;
    }
    const waitsForUs = raw.readableLength >= raw.readableHighWaterMark;
    const isSteady = raw.socket.bytesRead - seen >= pace.bytes / 2;
    seen = raw.socket.bytesRead;
    silent = waitsForUs || isSteady ? 0 : silent + 1;
    // Twice, since a pause of this process may end right before one look.
    if (silent === 2) end(stalled(pace));
    else if (performance.now() - began > LONGEST_HOURS * 3_600_000) end(TOO_LONG);
  }, pace.seconds * 500).unref();
  raw.once('close', () => clearInterval(timer));
  return controller.signal;
}

/** Left open when reading stops early: destroying it would end the connection before the answer is sent. */
export async function* chunksOf(stream: Readable, { bodyStalls }: FastifyRequest): AsyncGenerator<Uint8Array> {
  const chunks = stream.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const next = await unlessAborted(Promise.resolve(chunks.next()), bodyStalls ?? undefined);
      if (next.done) return;
      yield next.value as Uint8Array;
    }
  } catch (cause) {
    if (cause instanceof RiskgraphError) throw cause;
    if ((cause as NodeJS.ErrnoException).code?.startsWith('Z_')) {
      throw badInput('the body is not gzip', 'send the file plain or gzipped');
    }
    throw new RiskgraphError({
      code: 'BAD_USER_INPUT',
      message: 'the body broke off before its end',
      hint: 'nothing of it was taken: send the file again',
      cause,
    });
  }
}

/** @throws PAYLOAD_TOO_LARGE where gzip unpacks to more than is taken */
async function* unzipped(request: FastifyRequest): AsyncGenerator<Uint8Array> {
  const { raw } = request;
  const unzip = createGunzip();
  let packed = 0;
  const unpacked = new Unpacked(() => packed);
  raw.on('data', (chunk: Buffer) => {
    packed += chunk.length;
  });
  raw.on('error', (cause) => unzip.destroy(cause));
  try {
    for await (const chunk of chunksOf(raw.pipe(unzip), request)) {
      unpacked.add(chunk.length);
      yield chunk;
    }
  } finally {
    raw.unpipe(unzip);
    unzip.destroy();
  }
}

/** The body as it was before it was packed. */
export function bodyOf(request: FastifyRequest): AsyncIterable<Uint8Array> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return chunksOf(request.raw, request);
  if (encoding === 'gzip') return unzipped(request);
  throw badInput(`the content encoding '${encoding.slice(0, 100)}' is not supported`, 'send the file plain or gzipped');
}
