/** What a resolver may ask, and which definitions are in force. */
import type { AnyFeatureRef } from '../definitions/definitions.js';
import type { FeatureStatus, FeatureType, FeatureValue, StalePolicy } from '../definitions/types.js';
import type { Instant } from '../helpers/time.js';

export interface OnlineFeaturesRequest {
  readonly features: readonly AnyFeatureRef[];
  readonly entities: Readonly<Record<string, readonly (string | null)[]>>;
  /** Columnar inputs of on-demand features, as the caller wrote them: one value a row of `entities`. */
  readonly request?: Readonly<Record<string, unknown>> | undefined;
  readonly stalePolicy: StalePolicy;
  readonly now: Instant;
}

/** An on-demand view's times are the oldest of its stored inputs'. */
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

/** The online read path: statuses by core/status.ts, one call of the store a request. */
export interface OnlineFeaturesService {
  read(request: OnlineFeaturesRequest): Promise<OnlineFeaturesAnswer>;
}

export type DefinitionKind = 'view' | 'on_demand' | 'service' | 'model';

/** A definition as it was applied: from then on its version means this and nothing else. */
export interface PublishedDefinition {
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly version: number;
  /** `name@version` */
  readonly id: string;
  readonly hash: string;
  /** What the catalogue shows of it, and the pinned references it needs as `requires`. */
  readonly snapshot: Readonly<Record<string, unknown>>;
  readonly appliedAt: Instant;
  readonly retiredAt: Instant | null;
  /** When all that the version held was dropped; null while it is there. Only what is retired is pruned. */
  readonly prunedAt: Instant | null;
}

/** Which versions are applied and which are retired; kept in Postgres. */
export interface DefinitionLedger {
  all(): Promise<readonly PublishedDefinition[]>;
  /** All or none; an id that is already there is CONFLICT. */
  publish(definitions: readonly Omit<PublishedDefinition, 'retiredAt' | 'prunedAt'>[]): Promise<void>;
  retire(definitions: readonly Pick<PublishedDefinition, 'kind' | 'id'>[], retiredAt: Instant): Promise<void>;
  prune(definition: Pick<PublishedDefinition, 'kind' | 'id'>, prunedAt: Instant): Promise<void>;
  /** Runs the body while no other process applies. */
  withApplyLock<T>(body: () => Promise<T>): Promise<T>;
}
