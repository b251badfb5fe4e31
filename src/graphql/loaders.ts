import DataLoader from 'dataloader';
import { type RowAt, rowAt } from '../core/compute/status.js';
import type { FeatureRef, View } from '../core/definitions/definitions.js';
import type { Instant } from '../core/helpers/time.js';
import type { ViewFreshness } from '../core/ports/catalogue.js';
import type { Completeness, TableCompleteness } from '../core/ports/completeness.js';
import type { FeatureProfile, FeatureProfiles } from '../core/ports/feature-profiles.js';
import type { JobLedger, JobRecord } from '../core/ports/jobs.js';
import type { OfflineReader } from '../core/ports/offline.js';
import type { OnlineFeaturesService } from '../core/ports/serving.js';

/** One view of one entity, as a field of the typed graph asks for it. */
export interface GraphKey {
  readonly view: View;
  readonly id: string;
  /** Null: now, from the online store; else from history. */
  readonly asOf: Instant | null;
}

export interface Loaders {
  readonly views: DataLoader<GraphKey, RowAt, string>;
  /** By id; null for one that is not recorded. */
  readonly jobs: DataLoader<string, JobRecord | null>;
  readonly freshness: DataLoader<View, ViewFreshness>;
  /** By name of the table. */
  readonly completeness: DataLoader<string, TableCompleteness>;
  /** The newest profile by feature; null for one that has none yet. */
  readonly profiles: DataLoader<FeatureRef, FeatureProfile | null, string>;
}

/** One read of history a view and instant, whatever the number of entities. One that fails is the error of its own keys: what others ask for is answered. */
async function readHistory(
  offline: Pick<OfflineReader, 'rowsAt'>,
  keys: readonly GraphKey[],
  signal: AbortSignal,
): Promise<ReadonlyMap<GraphKey, RowAt | Error>> {
  const groups = new Map<string, GraphKey[]>();
  for (const key of keys) {
    const group = `${key.view.id} ${key.asOf}`;
    groups.set(group, [...(groups.get(group) ?? []), key]);
  }
  const answers = await Promise.all(
    [...groups.values()].map(async (group) => {
      const { view, asOf } = group[0] as GraphKey;
      const at = asOf as Instant;
      const ids = group.map(({ id }) => [id]);
      try {
        const rows = await offline.rowsAt(view, at, ids, signal);
        return group.map((key, index) => [key, rowAt({ view, row: rows[index] ?? null, t: at })] as const);
      } catch (cause) {
        return group.map((key) => [key, cause as Error] as const);
      }
    }),
  );
  return new Map<GraphKey, RowAt | Error>(answers.flat());
}

/** Made anew for each request: what one request has read, another must not see. */
export const createLoaders = (options: {
  readonly onlineFeatures: OnlineFeaturesService;
  readonly offline: Pick<OfflineReader, 'rowsAt'>;
  readonly jobs: Pick<JobLedger, 'getMany'>;
  readonly freshness: (views: readonly View[]) => Promise<readonly ViewFreshness[]>;
  readonly completeness: Pick<Completeness, 'of'>;
  readonly profiles: Pick<FeatureProfiles, 'newest'>;
  readonly now: Instant;
  /** Of reads of the online store. */
  readonly deadline: AbortSignal | undefined;
  /** Ends reads of history. */
  readonly signal: AbortSignal;
}): Loaders => ({
  freshness: new DataLoader<View, ViewFreshness>((views) => options.freshness(views)),
  completeness: new DataLoader<string, TableCompleteness>((tables) => options.completeness.of(tables)),
  profiles: new DataLoader<FeatureRef, FeatureProfile | null, string>(
    async (refs) => {
      const views = new Map(refs.map(({ view }) => [view.id, view]));
      const newest = await options.profiles.newest([...views.values()]);
      return refs.map(({ reference }) => newest.get(reference) ?? null);
    },
    { cacheKeyFn: ({ reference }) => reference },
  ),
  jobs: new DataLoader<string, JobRecord | null>(async (ids) => {
    const found = new Map((await options.jobs.getMany(ids)).map((job) => [job.id, job]));
    return ids.map((id) => found.get(id) ?? null);
  }),
  views: new DataLoader<GraphKey, RowAt, string>(
    async (keys) => {
      const live = keys.filter(({ asOf }) => asOf === null);
      const [online, history] = await Promise.all([
        live.length > 0
          ? options.onlineFeatures.rows(
              live.map(({ view, id }) => ({ view, key: [id] })),
              options.now,
              options.deadline,
            )
          : [],
        readHistory(
          options.offline,
          keys.filter(({ asOf }) => asOf !== null),
          options.signal,
        ),
      ]);
      const byKey = new Map(live.map((key, index) => [key, online[index] as RowAt] as const));
      return keys.map((key) => byKey.get(key) ?? (history.get(key) as RowAt | Error));
    },
    { cacheKeyFn: ({ view, id, asOf }) => JSON.stringify([view.id, id, asOf]) },
  ),
});
