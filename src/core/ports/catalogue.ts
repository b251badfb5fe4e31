/** What consumers may ask about definitions: which are applied, what a reference means, what applying would change. */
import type { AnyFeatureRef, Model, OnDemandView, Service, View } from '../definitions/definitions.js';
import type { Instant, LocalDate } from '../helpers/time.js';
import type { Log } from './process.js';
import type { DefinitionKind, PublishedDefinition } from './serving.js';

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

/** What becomes of a definition that a change touches. */
export type PlanEffect =
  /** By the same plan. */
  | 'ADDED'
  | 'BUMPED'
  | 'RETIRED'
  /** It would be left without what it pins: that forbids the change. */
  | 'BROKEN'
  /** It goes on with the version that it pins. */
  | 'STAYS'
  /** It reads the table to which the rows of the change go. */
  | 'READS';

export interface PlanTouch {
  readonly kind: DefinitionKind | 'indicator' | 'training_set';
  /** `name@version`; an indicator's name, a training set's id. */
  readonly id: string;
  readonly effect: PlanEffect;
}

/** What a new version of a view would cost, measured on the rows that are there. */
export interface PlanCost {
  /** First and last local day of the backfill that is counted; null where nothing is known yet of what the view reads. */
  readonly backfillFrom: LocalDate | null;
  readonly backfillTo: LocalDate | null;
  readonly backfillAsOfs: number | null;
  readonly backfillRows: number | null;
  /** By the rate of earlier runs of the view; null where there are none. */
  readonly backfillSeconds: number | null;
  /** Rows of its newest as-of: entity keys with a value online. */
  readonly onlineKeys: number | null;
  /** Of these rows bytesPerKey is the average. */
  readonly sampledRows: number;
  readonly bytesPerKey: number | null;
  readonly onlineBytes: number | null;
  /** Why something of this is not known; null where all is. */
  readonly problem: string | null;
}

export interface PlanChange {
  /** ADD: a new name. BUMP: a new version of a known name. RETIRE: its file is gone. */
  readonly action: PlanAction;
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly version: number;
  readonly id: string;
  readonly description: string | null;
  /** Views that it pins, by `name@version`. */
  readonly pins: readonly string[];
  /** Applied definitions that pin it: what a retirement would break. */
  readonly breaks: readonly string[];
  readonly touches: readonly PlanTouch[];
  /** Of a new view that is stored, where costs were asked for. */
  readonly cost: PlanCost | null;
}

/** A retired version whose history is still there. */
export interface PrunableView {
  readonly view: string;
  readonly retiredAt: Instant;
  readonly rows: number;
  readonly bytes: number;
  /** Sets that could not be built again without it. */
  readonly trainingSets: readonly string[];
}

export interface RegistryPlan {
  readonly changes: readonly PlanChange[];
  /** What forbids applying, each in words that say what to do. */
  readonly problems: readonly string[];
  /** Applying prunes nothing: this is what pruneFeatureView would free. */
  readonly prunable: readonly PrunableView[];
}

export interface PlanOptions {
  /** Counts and measures what new views would cost, within half a minute in all. */
  readonly costs?: boolean;
  /** First local day of the backfill that is counted. Absent: that of the version before, else a year back. */
  readonly from?: LocalDate;
}

export interface RegistryPlanner {
  /** What differs between the definition files, as of this process's start, and what is applied. Changes nothing. */
  plan(options?: PlanOptions): Promise<RegistryPlan>;
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
