/** What consumers may ask about definitions: which are applied, what a reference means, what applying would change. */
import type { AnyFeatureRef, Model, OnDemandView, Service, View } from './definitions.js';
import type { DefinitionKind, Log, PublishedDefinition } from './ports.js';
import type { Instant } from './time.js';

/** What is applied and not retired: the only definitions that anything is read or computed by. */
export interface Catalogue {
  /** Reads again what is applied. */
  refresh(): Promise<void>;
  /** Refreshes now and then, so that what another process applies is served here too; a Postgres that does not answer changes nothing. */
  follow(everyMs: number, log: Log): { close(): void };
  views(): readonly View[];
  /** Views whose features are computed when they are asked for; no view of `views()` has their names. */
  onDemandViews(): readonly OnDemandView[];
  services(): readonly Service[];
  models(): readonly Model[];
  /** No version: the newest. */
  view(name: string, version?: number): View | null;
  onDemandView(name: string, version?: number): OnDemandView | null;
  service(name: string, version?: number): Service | null;
  model(name: string, version?: number): Model | null;
  /** Every version of a name that was ever applied, retired ones too, newest first, as it was published. */
  published(kind: DefinitionKind, name: string): readonly PublishedDefinition[];
  /** The features of exactly one of a pinned service and pinned references, each once, in order. BAD_USER_INPUT says what to write. */
  features(request: {
    readonly service?: string | null;
    readonly features?: readonly string[] | null;
  }): readonly AnyFeatureRef[];
  /** Views named for an operation: `name@version`, or a bare name for its newest version. */
  namedViews(names: readonly string[]): readonly View[];
  /** `name@version`, or a bare name for its champion: the newest version. */
  namedModel(reference: string): Model;
}

export type PlanAction = 'ADD' | 'BUMP' | 'RETIRE';

export interface PlanChange {
  /** ADD: a new name. BUMP: a new version of a known name. RETIRE: its file is gone. */
  readonly action: PlanAction;
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly version: number;
  readonly id: string;
  readonly description: string | null;
  /** Applied definitions that pin it: what a retirement would break. */
  readonly breaks: readonly string[];
}

export interface RegistryPlan {
  readonly changes: readonly PlanChange[];
  /** What forbids applying, each in words that say what to do. */
  readonly problems: readonly string[];
}

export interface RegistryPlanner {
  /** What differs between the definition files and what is applied. Changes nothing. */
  plan(): Promise<RegistryPlan>;
  /** Does what the plan says, whole or not at all; CONFLICT lists the problems that forbid it. */
  apply(): Promise<RegistryPlan>;
  /** Ends an applied view version: its online values go, its history stays. CONFLICT names what still pins it. */
  retireView(id: string): Promise<RegistryPlan>;
  /** Fails where an applied version has changed or a view's file is gone; lists every problem. */
  checkBoot(): Promise<void>;
}

export interface ViewFreshness {
  readonly view: string;
  readonly lastEventTime: Instant | null;
  readonly lagSeconds: number | null;
  /** Its newest values are past maxAge, or there are none. */
  readonly stale: boolean;
  /** Entity keys with a value. */
  readonly keys: number;
}
