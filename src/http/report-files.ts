/** A report sent as a file: with its name, packed where it is long, and not at all to a client that has it. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

const packed = promisify(gzip);
/** A shorter body fits into one packet as it is. */
const LONG_BYTES = 1_400;

export interface SentFile {
  readonly name: string;
  readonly type: string;
  readonly body: string | Buffer;
  /** What makes it another file; the body where absent. */
  readonly content?: string;
  /** Whether the format packs its content itself. */
  readonly isPacked?: boolean;
}

/** Whether a client takes gzip: `q=0` says that it does not. */
const takesGzip = (accepted: string | undefined): boolean =>
  (accepted ?? '').split(',').some((one) => {
    const [coding = '', weight = ''] = one.split(';');
    return coding.trim().toLowerCase() === 'gzip' && !/^\s*q=0(?:\.0*)?\s*$/i.test(weight);
  });

/** Weak tags are compared by their text alone. */
const holds = (held: string | undefined, tag: string): boolean =>
  (held ?? '').split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === tag);

/**
 * Answers 304 where `If-None-Match` names what the file holds. Reports change whenever rows become known, so a client may keep one but asks each
 * time. The tag is weak: it stands for the content, packed or not.
 */
export async function sendFile(request: FastifyRequest, reply: FastifyReply, file: SentFile): Promise<FastifyReply> {
  const { name, type, body, content = body, isPacked = false } = file;
  const { headers } = request;
  const tag = `"${createHash('sha256').update(content).digest('base64url')}"`;
  reply.header('etag', `W/${tag}`);
  reply.header('cache-control', 'private, no-cache');
  reply.header('vary', 'authorization, accept-encoding');
  if (holds(headers['if-none-match'], tag)) return reply.code(304).send();
  reply.type(type).header('content-disposition', `attachment; filename="${name}"`);
  const bytes = Buffer.from(body);
  if (isPacked || bytes.length < LONG_BYTES || !takesGzip(headers['accept-encoding'])) return reply.send(bytes);
  return reply.header('content-encoding', 'gzip').send(await packed(bytes));
}
