import { schemeOf } from '../core/compute/definition-hash.js';
import type { PublishedDefinition } from '../core/ports/serving.js';
import { inForce, readersOf } from './published.js';

/** PENDING: never applied. DIFFERS: this process runs another text of it, or of what it reads, than was applied. */
export type Standing = 'APPLIED' | 'RETIRED' | 'PENDING' | 'DIFFERS';

type Label = Pick<PublishedDefinition, 'kind' | 'id'>;

export const labelOf = ({ kind, id }: Label): string => `${kind} ${id}`;

/** Whether two hashes are of different texts; those of two schemes cannot be compared. */
export const isOtherText = (hash: string, applied: string): boolean =>
  hash !== applied && schemeOf(hash) === schemeOf(applied);

/** The standing of everything that was ever applied, by `labelOf`. @param loadedHash the hash of what this process runs, undefined where it has none */
export function standingsOf(
  published: readonly PublishedDefinition[],
  loadedHash: (definition: Label) => string | undefined,
): Map<string, Standing> {
  const standing = new Map(
    published.map((one) => [labelOf(one), one.retiredAt === null ? 'APPLIED' : 'RETIRED'] as [string, Standing]),
  );
  const differing = inForce(published).filter((one) => isOtherText(loadedHash(one) ?? one.hash, one.hash));
  for (const one of differing) {
    if (standing.get(labelOf(one)) === 'DIFFERS') continue;
    standing.set(labelOf(one), 'DIFFERS');
    // What reads it would compute from another text too.
    differing.push(...readersOf(one, published));
  }
  return standing;
}
