/** The online read path, and the ledger of published definitions. */

import type { RowAt } from '../compute/status.js';
import type { VersionedKind } from '../definitions/definition-kinds.js';
import type { AnyFeatureRef, View } from '../definitions/definitions.js';
import type { FeatureStatus, FeatureType, FeatureValue, StalePolicy } from '../definitions/types.js';
import type { Instant } from '../helpers/time.js';
import type { PublishedTable } from '../lending/table-fit.js';
import type { EntityKey } from './offline.js';

export interface OnlineFeaturesRequest {
  readonly features: readonly AnyFeatureRef[];
  readonly entities: Readonly<Record<string, readonly (string | null)[]>>;
  /** Request inputs of on-demand features as the caller wrote them; columnar, one value per row of `entities`. */
  readonly request?: Readonly<Record<string, unknown>> | undefined;
  readonly stalePolicy: StalePolicy;
  /** Computes on-demand features as withheldPlan says, for a caller who sees personal values masked. */
  readonly withheld?: boolean | undefined;
  readonly now: Instant;
  /** What the store has not answered when it is aborted is ERROR. */
  readonly deadline?: AbortSignal | undefined;
}

/** Feature values by column. The event time of an on-demand view is the oldest of its stored inputs'. */
export interface OnlineFeaturesAnswer {
  readonly columns: readonly {
    readonly name: string;
    readonly view: string;
    readonly type: FeatureType;
    readonly values: readonly FeatureValue[];
    readonly statuses: readonly FeatureStatus[];
  }[];
  readonly views: readonly { readonly view: string; readonly eventTimes: readonly (Instant | null)[] }[];
}

/** A stored view of one key of its entity. */
export interface ViewKey {
  readonly view: View;
  readonly key: EntityKey;
}

/** Reads online features with one call of the store per request; core/compute/status.ts decides each status. */
export interface OnlineFeaturesService {
  /** Returns one value and status per feature and row of the request, in its order. */
  read(request: OnlineFeaturesRequest): Promise<OnlineFeaturesAnswer>;
  /** Returns the whole row of each view and key, in their order. Each key counts as a row of the request, each feature of the views as a feature. */
  rows(asked: readonly ViewKey[], now: Instant, deadline?: AbortSignal): Promise<readonly RowAt[]>;
}

/** A definition as it was applied; its version never means anything else. */
export interface PublishedDefinition {
  readonly kind: VersionedKind;
  readonly name: string;
  readonly version: number;
  /** `name@version` */
  readonly id: string;
  readonly hash: string;
  /** What the catalogue shows of the definition; `requires` lists the pinned references that it needs. */
  readonly snapshot: Readonly<Record<string, unknown>>;
  readonly appliedAt: Instant;
  readonly retiredAt: Instant | null;
  /** When the stored values of the version were dropped; null while they exist. Only retired versions are pruned. */
  readonly prunedAt: Instant | null;
  /** Models only: since when the version is the champion; null for a challenger, and where it is retired of no meaning. */
  readonly championSince: Instant | null;
  /** Content hashes by earlier schemes that meant the same, oldest first: training sets that were built then name them. */
  readonly formerHashes: readonly string[];
}

/** What is to be served as it was applied, by its content hash. */
export interface Applied extends Pick<PublishedDefinition, 'id' | 'hash'> {
  readonly kind: VersionedKind | 'table';
}

/** A definition on its way into the ledger. */
export type FreshDefinition = Omit<PublishedDefinition, 'retiredAt' | 'prunedAt' | 'championSince' | 'formerHashes'>;

/** Records which versions are applied, retired and pruned; kept in Postgres. */
export interface DefinitionLedger {
  all(): Promise<readonly PublishedDefinition[]>;
  /**
   * Publishes all definitions or none. The first version of a model becomes its champion, the lowest of several; later ones are challengers
   * while it is in force. CONFLICT for an id that is published already.
   */
  publish(definitions: readonly FreshDefinition[]): Promise<void>;
  /** The source tables of a project as they were last applied. */
  tables(): Promise<readonly PublishedTable[]>;
  /** Records the source tables of an apply in place of those of the one before, all or none. */
  publishTables(tables: readonly PublishedTable[]): Promise<void>;
  /** Makes a version of a model its champion, in place of the one before. */
  promote(model: Pick<PublishedDefinition, 'name' | 'id'>, championSince: Instant): Promise<void>;
  /** Gives published definitions the hash and snapshot of another scheme, all or none; the hash that each had is kept with the former ones. */
  rehash(definitions: readonly Pick<PublishedDefinition, 'kind' | 'id' | 'hash' | 'snapshot'>[]): Promise<void>;
  retire(definitions: readonly Pick<PublishedDefinition, 'kind' | 'id'>[], retiredAt: Instant): Promise<void>;
  prune(definition: Pick<PublishedDefinition, 'kind' | 'id'>, prunedAt: Instant): Promise<void>;
  /** Runs the body while no other process applies definitions. */
  withApplyLock<T>(body: () => Promise<T>): Promise<T>;
}
