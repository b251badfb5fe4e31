/** Content hashes of definitions, each with the scheme that made it: hashes of two schemes differ for the same definition. */
import { createHash } from 'node:crypto';

/** The scheme of hashes: what they cover, in which order; a new number where that changes. Hashes of the first scheme carry none. */
export const SCHEME = 'v2';

/** `v2:` and the SHA-256, hex, of the parts in order. */
export function definitionHash(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return `${SCHEME}:${hash.digest('hex')}`;
}

/** The scheme that made a hash: 'v1' where it says none. */
export const schemeOf = (hash: string): string => /^(v\d+):/.exec(hash)?.[1] ?? 'v1';
