/** What people ask of the definitions: where a feature is, what it is made of and who needs it, how one version differs from another. */
import type { AnyFeatureRef, Feature, OnDemandView, View } from '../definitions/definitions.js';
import type { Instant } from '../helpers/time.js';

export const LINEAGE_KINDS = [
  'TABLE',
  'FEATURE_VIEW',
  'FEATURE',
  'REQUEST_COLUMN',
  'MODEL',
  'SERVICE',
  'INDICATOR',
] as const;
export type LineageKind = (typeof LINEAGE_KINDS)[number];

/** A table's or an indicator's name, `name@version`, or `view@version:feature`. Two kinds may share an id. */
export interface LineageRef {
  readonly kind: LineageKind;
  readonly id: string;
}

export interface LineageNode extends LineageRef {
  /** Steps from the subject; 1 is next to it. */
  readonly distance: number;
  /** What it is tied to, one step nearer to the subject. */
  readonly through: readonly LineageRef[];
  /** How the two are tied, as a sentence a node of `through`. */
  readonly words: readonly string[];
}

/** An indicator that is no descendant: it reads the tables that the subject reads itself. */
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
  /** Words that must all be found, each anywhere in names, descriptions, units, tags, owners, source tables and columns. */
  readonly search?: string | null;
  readonly tag?: string | null;
  readonly owner?: string | null;
  readonly entity?: string | null;
  /** Features and columns that the caller may know of; the others are not searched either. */
  readonly visible: (feature: Pick<Feature, 'tags'>) => boolean;
}

export interface ViewVersion {
  readonly version: number;
  readonly appliedAt: Instant;
  readonly retiredAt: Instant | null;
}

export const DIFFERENCE_KINDS = [
  'FEATURE_ADDED',
  'FEATURE_REMOVED',
  'FEATURE_CHANGED',
  'VIEW_CHANGED',
  'SOURCE_ADDED',
  'SOURCE_REMOVED',
  'QUERY_CHANGED',
] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export interface ViewDifference {
  readonly kind: DifferenceKind;
  readonly feature: string | null;
  /** What of the view or the feature is another: `type`, `unit`, `ttl`, … */
  readonly attribute: string | null;
  readonly before: unknown;
  readonly after: unknown;
  /** Whether a reader of the one version cannot read the other unchanged. */
  readonly breaking: boolean;
  readonly words: string;
}

export interface ViewDiff {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly differences: readonly ViewDifference[];
  /** What cannot be compared, and why, in words. */
  readonly unknown: readonly string[];
}

/** A version of features, whether a store holds them or a request computes them. */
export type AnyView = View | OnDemandView;

export interface CatalogueBrowser {
  /** Applied views, best match first; without words newest version of a name first. BAD_USER_INPUT names the entities there are. */
  searchViews(search: FeatureSearch): readonly AnyView[];
  /** The same for single features. */
  searchFeatures(search: FeatureSearch): readonly AnyFeatureRef[];
  /** NOT_FOUND where nothing applied has that id. */
  lineage(subject: LineageRef): Lineage;
  /** Every version of a view that was ever applied, newest first. */
  versions(name: string): readonly ViewVersion[];
  /**
   * What a version of a view says otherwise than another. No `to`: the newest applied; no `from`: the newest version before it. NOT_FOUND
   * names the versions there are.
   */
  diff(request: {
    readonly name: string;
    readonly from?: number | null;
    readonly to?: number | null;
    /** Features tagged so in either version are left out. */
    readonly visible: (feature: Pick<Feature, 'tags'>) => boolean;
  }): ViewDiff;
}
