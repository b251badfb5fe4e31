/** Leases for tests in which no other process writes. */
import type { Lease, Leases, Resource } from '../../src/core/ports/leases.js';

/** A lease that is never lost. */
export const leaseOf = <Kind extends Resource['kind']>(
  resource: Resource<Kind>,
  fencingToken: number,
): Lease<Kind> => ({ resource, fencingToken, lost: new AbortController().signal });

/** Gives a lease at once, as nobody else asks for one. Tokens grow from the given one on, else as those of Postgres do: with the time. */
export function unsharedLeases(from?: number): Leases {
  let token = from === undefined ? 0 : from - 1;
  const next = (): number => {
    token = Math.max(token + 1, from === undefined ? Date.now() : 0);
    return token;
  };
  return { hold: (resource, _signal, body) => body(leaseOf(resource, next())) };
}
