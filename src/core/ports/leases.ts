/** Leases: one process at a time writes to a view version or to a source table. */
import { RiskgraphError } from '../errors.js';

/** The object of a lease. Views and source tables never have the same name: only that of a view version has an `@`. */
export interface Resource<Kind extends 'view' | 'table' = 'view' | 'table'> {
  readonly kind: Kind;
  /** The id of a view version (`name@version`), or the name of a source table. */
  readonly name: string;
}

/** The time for which one process may write to a resource. */
export interface Lease<Kind extends Resource['kind'] = Resource['kind']> {
  readonly resource: Resource<Kind>;
  /**
   * Higher than that of every earlier holder, even after Postgres is restored from a backup. The stores reject what is written for a token
   * once a higher one is known, so a holder that learns late that it lost the lease does no harm.
   */
  readonly fencingToken: number;
  /** Aborts with STORE_UNAVAILABLE when the lease ends before its holder is done: another process may hold it from then on. */
  readonly lost: AbortSignal;
}

export interface Leases {
  /**
   * Waits until no other process holds the resource, then runs the body while this one does. `signal` ends the waiting, not the body: CONFLICT,
   * or the signal's own reason where that is a RiskgraphError. STORE_UNAVAILABLE where Postgres gives no lease.
   */
  hold<Kind extends Resource['kind'], T>(
    resource: Resource<Kind>,
    signal: AbortSignal,
    body: (lease: Lease<Kind>) => Promise<T>,
  ): Promise<T>;
}

export const viewResource = ({ id }: { readonly id: string }): Resource<'view'> => ({ kind: 'view', name: id });
export const tableResource = (name: string): Resource<'table'> => ({ kind: 'table', name });

/** How errors name it: `view payments@1`, `table customers`. */
export const resourceText = ({ kind, name }: Resource): string => `${kind} ${name}`;

/** The hint for a holder that lost its lease. */
export const lostLeaseHint = ({ kind }: Resource): string =>
  kind === 'view'
    ? 'the next run of the view finishes what was begun; see whether Postgres was restarted'
    : 'repeat the request: rows that are stored already are not stored twice; see whether Postgres was restarted';

/** A store rejects what is written for an earlier fencing token. */
export const fencedOff = (resource: Resource): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `another process took the lease of ${resourceText(resource)} while this one was writing`,
    hint: lostLeaseHint(resource),
  });
