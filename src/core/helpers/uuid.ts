import { createHash, randomBytes } from 'node:crypto';
import type { Instant } from './time.js';

function uuidV7(now: Instant, tail: Buffer): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(now, 0, 6);
  tail.copy(bytes, 6, 0, 10);
  bytes[6] = 0x70 | ((bytes[6] as number) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** UUID version 7: sorts as text by the millisecond in which it was made, so `before: <id>` is a page. */
export const newUuid = (now: Instant): string => uuidV7(now, randomBytes(10));

/** The same instant and name always give the same UUID, so that a repeated request creates one thing. */
export const namedUuid = (at: Instant, name: string): string => uuidV7(at, createHash('sha256').update(name).digest());
