/** Feature profiles: the distribution of a feature's values at each as-of. */
import type { View } from '../definitions/definitions.js';
import type { FeatureValue } from '../definitions/types.js';
import type { Instant } from '../helpers/time.js';
import type { JobProgress } from './progress.js';

/** The distribution of a feature over the rows of one as-of, as they were computed: before `fill`, without tombstones. */
export interface FeatureProfile {
  /** `view@version:feature` */
  readonly reference: string;
  readonly asOf: Instant;
  /** Number of entity keys with a row. */
  readonly rows: number;
  /** Share of rows whose value is NULL, or an empty array; null where there are no rows. */
  readonly nullRate: number | null;
  /** Number of distinct values, within about one percent; null for arrays and where it was not computed. */
  readonly distinct: number | null;
  /** Smallest and largest value, in the wire form of the feature's type; null for arrays. */
  readonly min: FeatureValue;
  readonly max: FeatureValue;
  /** Mean and quantiles of numbers; the mean of a boolean is its share of true. Null for other types. */
  readonly mean: number | null;
  readonly p5: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
}

export interface ProfiledView {
  readonly view: string;
  /** Number of as-ofs that were profiled: new ones, and ones with a new run. */
  readonly asOfs: number;
}

/** Computes and reads feature profiles. */
export interface FeatureProfiles {
  /** Profiles every committed as-of that has no profile or was restated since. Idempotent; with nothing new it costs one statement a view. */
  refresh(views: readonly View[], progress: JobProgress): Promise<readonly ProfiledView[]>;
  /** Reads the profiles of the as-ofs in [from, to), oldest first. */
  read(
    request: { readonly view: View; readonly feature: string },
    range: { readonly from: Instant; readonly to: Instant },
  ): Promise<readonly FeatureProfile[]>;
  /** Reads the newest profile of each feature of the views, by reference, in one statement; features without a profile are left out. */
  newest(views: readonly View[]): Promise<ReadonlyMap<string, FeatureProfile>>;
}
