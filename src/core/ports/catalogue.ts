/** The catalogue of applied definitions, and the plan of what applying the definition files would change. */
import type { VersionedKind } from '../definitions/definition-kinds.js';
import type {
  AnyFeatureRef,
  Fact,
  Indicator,
  Label,
  Model,
  OnDemandView,
  Service,
  View,
} from '../definitions/definitions.js';
import type { Instant, LocalDate } from '../helpers/time.js';
import type { MissingDay } from './completeness.js';
import type { EntityKey, ViewRow } from './offline.js';
import type { Log } from './process.js';
import type { PublishedDefinition } from './serving.js';

/** The definitions in force: applied and not retired. Everything is read and computed by these alone. */
export interface Catalogue {
  /** Reads the applied definitions from Postgres again. */
  refresh(): Promise<void>;
  /** Refreshes every `everyMs`, so that this process serves what another one applies. While Postgres does not answer, the definitions stay as they are. */
  follow(everyMs: number, log: Log): { close(): void };
  /** Stored views in force. */
  views(): readonly View[];
  /** On-demand views in force; none shares its name with a stored view. */
  onDemandViews(): readonly OnDemandView[];
  services(): readonly Service[];
  models(): readonly Model[];
  labels(): readonly Label[];
  facts(): readonly Fact[];
  /** Every version in force, the newest of a name first. */
  indicators(): readonly Indicator[];
  /** The view in force of that name; where no version is given its newest, of a model's scores its champion's; null where there is none. */
  view(name: string, version?: number): View | null;
  onDemandView(name: string, version?: number): OnDemandView | null;
  service(name: string, version?: number): Service | null;
  /** The model in force of that name; its champion where no version is given. */
  model(name: string, version?: number): Model | null;
  /** The label in force of that name; its newest version where none is given. */
  label(name: string, version?: number): Label | null;
  /** Lists every version of a name that was ever applied, retired ones too, as it was published, newest first. */
  published(kind: VersionedKind, name: string): readonly PublishedDefinition[];
  /** Resolves either a pinned service or a list of pinned references to features, in order and without duplicates. BAD_USER_INPUT says what to write instead. */
  features(request: {
    readonly service?: string | null;
    readonly features?: readonly string[] | null;
  }): readonly AnyFeatureRef[];
  /** Resolves view names: `name@version`, or a bare name for its newest version, of a model's scores for its champion's. NOT_FOUND for an unknown one. */
  namedViews(names: readonly string[]): readonly View[];
  /** Resolves a label reference: `name@version`, or a bare name for its newest version. NOT_FOUND for an unknown one. */
  namedLabel(reference: string): Label;
  /** Resolves an indicator reference: `name@version`, or a bare name for its newest version. BAD_USER_INPUT for an unknown one. */
  namedIndicator(reference: string): Indicator;
  /** Resolves a model reference: `name@version`, or a bare name for its champion. NOT_FOUND for an unknown one. */
  namedModel(reference: string): Model;
}

/** The catalogue for a process that runs for days: each call first reads again what is applied. */
export interface FreshCatalogue {
  /** Applied views by name, a bare name being the newest version, of a model's scores its champion's; without names all of them. NOT_FOUND says which name is unknown. */
  views(names?: readonly string[]): Promise<readonly View[]>;
  /** Applied labels by name, a bare name being the newest version; without names all of them. NOT_FOUND says which name is unknown. */
  labels(names?: readonly string[]): Promise<readonly Label[]>;
  /** Ids of view versions that were retired so long ago that no process serves them any more. */
  retiredViews(): Promise<readonly string[]>;
  /** An applied model by `name@version`, or a bare name for its champion. NOT_FOUND says which name is unknown. */
  model(reference: string): Promise<Model>;
}

export type PlanAction = 'ADD' | 'BUMP' | 'CHANGE' | 'RETIRE';

/** The effect of a planned change on another definition. */
export type PlanEffect =
  /** The same plan adds, bumps or retires it. */
  | 'ADDED'
  | 'BUMPED'
  | 'RETIRED'
  /** It pins what the change removes; the change is refused. */
  | 'BROKEN'
  /** It keeps the version that it pins. */
  | 'STAYS'
  /** It reads the table that the changed definition writes. */
  | 'READS';

/** A definition or training set that a planned change affects. */
export interface PlanTouch {
  readonly kind: VersionedKind | 'training_set';
  /** `name@version`, or the id of a training set. */
  readonly id: string;
  readonly effect: PlanEffect;
}

/** The cost of a new view version, measured on the rows that exist. */
export interface PlanCost {
  /** First and last local day of the backfill that is counted; null while the sources of the view are empty. */
  readonly backfillFrom: LocalDate | null;
  readonly backfillTo: LocalDate | null;
  readonly backfillAsOfs: number | null;
  readonly backfillRows: number | null;
  /** Estimated from the rate of earlier runs of the view; null where there are none. */
  readonly backfillSeconds: number | null;
  /** Rows of the newest as-of: the number of entity keys with a value online. */
  readonly onlineKeys: number | null;
  /** The number of rows over which `bytesPerKey` is averaged. */
  readonly sampledRows: number;
  readonly bytesPerKey: number | null;
  readonly onlineBytes: number | null;
  /** Says why some of these numbers are missing; null where none is. */
  readonly problem: string | null;
}

/** Kinds that a plan changes: a table is added or given up by itself, and a nullable column to a table that is there. */
export type PlanKind = VersionedKind | 'table' | 'column';

export interface PlanChange {
  /** ADD: a new name. BUMP: a new version of an existing name. RETIRE: the file is gone. */
  readonly action: PlanAction;
  readonly kind: PlanKind;
  /** Of a column `table.column`. */
  readonly name: string;
  /** 1 of a table and of a column, which have no versions. */
  readonly version: number;
  readonly id: string;
  readonly description: string | null;
  /** The views that the definition pins, as `name@version`. */
  readonly pins: readonly string[];
  /** The applied definitions that pin it, which a retirement would break. */
  readonly breaks: readonly string[];
  readonly touches: readonly PlanTouch[];
  /** The cost of a new stored view, where costs were asked for; null otherwise. */
  readonly cost: PlanCost | null;
  /** What to know before it is applied. */
  readonly notes: readonly string[];
  /** The features of a new view that its owner declares not personal though they are computed from personal values; absent where there is none. */
  readonly declassifies?: readonly Declassification[];
}

/** A feature that is read in clear by every role, and why. */
export interface Declassification {
  readonly feature: string;
  readonly owner: string;
  readonly reason: string;
}

/** A retired view version whose history still takes disk. */
export interface PrunableView {
  readonly view: string;
  readonly retiredAt: Instant;
  readonly rows: number;
  readonly bytes: number;
  /** Training sets that cannot be rebuilt without it. */
  readonly trainingSets: readonly string[];
}

export interface RegistryPlan {
  readonly changes: readonly PlanChange[];
  /** The problems that forbid applying, one sentence each, which says what to do. */
  readonly problems: readonly string[];
  /** What fails now and forbids no other change: attached tables that cannot be read, a sentence each. */
  readonly warnings: readonly string[];
  /** Retired versions that pruneFeatureView could drop; applying prunes nothing. */
  readonly prunable: readonly PrunableView[];
}

export interface PlanOptions {
  /** Estimates the cost of each new view, within half a minute in all. */
  readonly costs?: boolean;
  /** Asks the engine whether the queries run, which costs more than all the rest; true by default. Without it the problems are those of the files. */
  readonly queries?: boolean;
  /** First local day of the backfill that is counted; by default the first day of the version before, else a year ago. */
  readonly from?: LocalDate;
}

/** Compares the definition files with what is applied, and applies them. */
export interface RegistryPlanner {
  /** Says what differs between the definition files, as they are on disk, and what is applied. Changes nothing. */
  plan(options?: PlanOptions): Promise<RegistryPlan>;
  /** Applies the plan, whole or not at all. CONFLICT lists the problems that forbid it. */
  /**
   * `rehash` first gives applied definitions whose hash is of another scheme the hashes of this release. A definition that declares something
   * else than what was applied is a problem as ever.
   */
  apply(options?: { readonly rehash?: boolean }): Promise<RegistryPlan>;
  /** Makes an applied version of a model its champion, which a bare name means. NOT_FOUND for one that is not applied, CONFLICT for a retired one. */
  promote(id: string): Promise<void>;
  /** Retires an applied view version: its online values go, its history stays. CONFLICT lists the definitions that still pin it. */
  retireView(id: string): Promise<RegistryPlan>;
  /**
   * Fails where an applied version has changed or the file of an applied view is gone. CONFLICT lists every problem.
   * @returns what the log tells a person to do while everything serves on; null where there is nothing to do
   */
  checkBoot(): Promise<string | null>;
}

/** Runs of definitions as their files are on disk. */
export interface ViewPreviews {
  /**
   * @param request `keysOf` gives the keys that the caller means, once the view is known. BAD_USER_INPUT where the view has no query or its file is
   * refused, NOT_FOUND where it has no file.
   */
  preview(request: {
    readonly view: string;
    readonly keysOf: (view: View) => readonly EntityKey[];
    readonly asOf: Instant | null;
    readonly signal?: AbortSignal | undefined;
  }): Promise<{ readonly view: View; readonly keys: readonly EntityKey[]; readonly rows: readonly (ViewRow | null)[] }>;
}

export interface ViewWaits {
  /** Days of source tables for which the newest as-of that is due waits. */
  readonly waitsFor: readonly MissingDay[];
  /** Since when it waits, and when it runs without them; null where it waits for none. */
  readonly waitsSince: Instant | null;
  readonly waitsUntil: Instant | null;
  /** Days that were not whole when the newest values were computed. */
  readonly incomplete: readonly MissingDay[];
}

export interface ViewFreshness extends ViewWaits {
  readonly view: string;
  readonly lastEventTime: Instant | null;
  readonly lagSeconds: number | null;
  /** Whether the newest values are older than maxAge, or there are none. */
  readonly stale: boolean;
  /** Number of entity keys with a value. */
  readonly keys: number;
}
