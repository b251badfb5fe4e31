/** Browsing the catalogue: search, lineage, and the difference between two versions of a view. */
import type { AnyFeatureRef, AnyView, Feature } from '../definitions/definitions.js';
import type { Instant } from '../helpers/time.js';

export type LineageKind =
  | 'TABLE'
  | 'FEATURE_VIEW'
  | 'FEATURE'
  | 'REQUEST_COLUMN'
  | 'MODEL'
  | 'SERVICE'
  | 'LABEL'
  | 'FACT'
  | 'INDICATOR';

/** A node of the lineage graph. `id` is the name of a table, `name@version`, or `view@version:feature`; ids are unique within a kind only. */
export interface LineageRef {
  readonly kind: LineageKind;
  readonly id: string;
}

/** `down` is made of, or reads, `up`. */
export interface LineageEdge {
  readonly up: LineageRef;
  readonly down: LineageRef;
  /** The verb by which the lower node depends on the upper one. */
  readonly verb: string;
}

export interface LineageNode extends LineageRef {
  /** Number of edges between this node and the subject; 1 for a direct neighbour. */
  readonly distance: number;
  /** The neighbours of this node that are one edge nearer to the subject. */
  readonly through: readonly LineageRef[];
  /** One sentence per node of `through` that says how the two are connected. */
  readonly words: readonly string[];
}

/** An indicator that does not descend from the subject, but reads the same source tables. */
export interface RelatedIndicator {
  readonly indicator: string;
  readonly tables: readonly string[];
}

export interface Lineage {
  /** Nearest first. */
  readonly upstream: readonly LineageNode[];
  readonly downstream: readonly LineageNode[];
  readonly relatedIndicators: readonly RelatedIndicator[];
}

export interface FeatureSearch {
  /** Search terms. Each must match somewhere in names, descriptions, units, tags, owners, source tables or columns. */
  readonly search?: string | null;
  readonly tag?: string | null;
  readonly owner?: string | null;
  readonly entity?: string | null;
  /** Whether the caller may see a feature or column; hidden ones are not searched either. */
  readonly visible: (feature: Pick<Feature, 'tags'>) => boolean;
}

export interface ViewVersion {
  readonly version: number;
  readonly appliedAt: Instant;
  readonly retiredAt: Instant | null;
}

export type DifferenceKind =
  | 'FEATURE_ADDED'
  | 'FEATURE_REMOVED'
  | 'FEATURE_CHANGED'
  | 'VIEW_CHANGED'
  | 'SOURCE_ADDED'
  | 'SOURCE_REMOVED'
  | 'QUERY_CHANGED';

export interface ViewDifference {
  readonly kind: DifferenceKind;
  readonly feature: string | null;
  /** The attribute of the view or feature that differs: `type`, `unit`, `ttl`, … */
  readonly attribute: string | null;
  readonly before: unknown;
  readonly after: unknown;
  /** Whether a consumer of one version cannot read the other without a change. */
  readonly breaking: boolean;
  /** The difference as a sentence. */
  readonly words: string;
}

export interface ViewDiff {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly differences: readonly ViewDifference[];
  /** One sentence per attribute that cannot be compared, which says why. */
  readonly unknown: readonly string[];
}

/** Searches and explains the applied definitions. */
export interface CatalogueBrowser {
  /** Finds applied views, best match first; without search terms by name, newest version first. BAD_USER_INPUT for an unknown entity lists the known ones. */
  searchViews(search: FeatureSearch): readonly AnyView[];
  /** Finds single features, in the same way. */
  searchFeatures(search: FeatureSearch): readonly AnyFeatureRef[];
  /** Returns everything upstream and downstream of one node. NOT_FOUND where no applied definition has its id. */
  lineage(subject: LineageRef): Lineage;
  /** Lists every version of a view that was ever applied, retired ones too, newest first. */
  versions(name: string): readonly ViewVersion[];
  /**
   * Compares two versions of a view. `to` defaults to the newest applied version, `from` to the newest version before `to`. NOT_FOUND lists
   * the versions that exist.
   */
  diff(request: {
    readonly name: string;
    readonly from?: number | null;
    readonly to?: number | null;
    /** Whether the caller may see a feature; one that is hidden in either version is left out. */
    readonly visible: (feature: Pick<Feature, 'tags'>) => boolean;
  }): ViewDiff;
}
