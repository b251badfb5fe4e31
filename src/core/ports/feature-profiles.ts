/** What the values of a feature look like from one as-of to the next. */
import type { View } from '../definitions/definitions.js';
import type { FeatureValue } from '../definitions/types.js';
import type { Instant } from '../helpers/time.js';
import type { JobProgress } from './progress.js';

/** Of the rows that the runs of one as-of gave, as they were computed: before `fill`, without tombstones. */
export interface FeatureProfile {
  /** `view@version:feature` */
  readonly reference: string;
  readonly asOf: Instant;
  /** Entity keys with a row. */
  readonly rows: number;
  /** NULL values, of an array empty ones, over rows; null where there is no row. */
  readonly nullRate: number | null;
  /** Different values, within about a percent; of arrays, and of profiles that say less, null. */
  readonly distinct: number | null;
  /** In the wire's form of the feature's type; null for arrays. */
  readonly min: FeatureValue;
  readonly max: FeatureValue;
  /** Of numbers, and of booleans the share of true; null for other types. */
  readonly mean: number | null;
  readonly p5: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
}

export interface ProfiledView {
  readonly view: string;
  /** As-ofs that had no profile, or whose runs became more. */
  readonly asOfs: number;
}

export interface FeatureProfiles {
  /** Profiles every committed as-of that is not yet, or that was restated since. Repeating it changes nothing and costs one statement a view. */
  refresh(views: readonly View[], progress: JobProgress): Promise<readonly ProfiledView[]>;
  /** Profiles of the as-ofs in [from, to), oldest first. */
  read(
    request: { readonly view: View; readonly feature: string },
    range: { readonly from: Instant; readonly to: Instant },
  ): Promise<readonly FeatureProfile[]>;
  /** The newest profile of every feature of the views that has one, in one statement, by reference. */
  newest(views: readonly View[]): Promise<ReadonlyMap<string, FeatureProfile>>;
}
