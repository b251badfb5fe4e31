import DataLoader from 'dataloader';
import { valueAt } from '../core/compute/status.js';
import type { FeatureRef, View } from '../core/definitions/definitions.js';
import type { FeatureStatus, FeatureValue } from '../core/definitions/types.js';
import type { Instant } from '../core/helpers/time.js';
import type { ViewFreshness } from '../core/ports/catalogue.js';
import type { FeatureProfile, FeatureProfiles } from '../core/ports/feature-profiles.js';
import type { JobLedger, JobRecord } from '../core/ports/jobs.js';
import type { OfflineStore, ViewRow } from '../core/ports/offline.js';
import type { OnlineFeaturesService } from '../core/ports/serving.js';

/** One view of one entity, as a field of the typed graph asks for it. */
export interface ViewKey {
  readonly view: View;
  readonly id: string;
  /** Null: now, from the online store; else from history. */
  readonly asOf: Instant | null;
}

export interface ViewAnswer {
  readonly view: View;
  readonly status: FeatureStatus;
  readonly eventTime: Instant | null;
  /** In the order of the view's features. */
  readonly values: readonly FeatureValue[];
}

export interface Loaders {
  readonly views: DataLoader<ViewKey, ViewAnswer, string>;
  /** By id; null for one that is not recorded. */
  readonly jobs: DataLoader<string, JobRecord | null>;
  readonly freshness: DataLoader<View, ViewFreshness>;
  /** The newest profile by feature; null for one that has none yet. */
  readonly profiles: DataLoader<FeatureRef, FeatureProfile | null, string>;
}

const absent = (view: View, status: FeatureStatus): ViewAnswer => ({
  view,
  status,
  eventTime: null,
  values: view.features.map(() => null),
});

function fromRow(view: View, row: ViewRow | null, t: Instant): ViewAnswer {
  const { status } = valueAt({ view, row, value: row?.values[0] ?? null, t, stalePolicy: 'RETURN' });
  if (row === null || status === 'NOT_FOUND') return absent(view, 'NOT_FOUND');
  return { view, status: status === 'NULL' ? 'PRESENT' : status, eventTime: row.eventTime, values: row.values };
}

/** All entities and views that one request asks of the online store in one turn of the event loop are one read. */
async function readOnline(
  service: OnlineFeaturesService,
  keys: readonly ViewKey[],
  now: Instant,
): Promise<ViewAnswer[]> {
  const views = [...new Set(keys.map(({ view }) => view))];
  // A row an entity and id: the id of one entity is never asked of another, and a NULL costs no command.
  const rowOf = ({ view, id }: ViewKey): string => JSON.stringify([view.entity.name, id]);
  const rows = [...new Map(keys.map((key) => [rowOf(key), key] as const))];
  const rowAt = new Map(rows.map(([row], index) => [row, index] as const));
  const joinKeys = [...new Set(views.flatMap(({ entity }) => entity.joinKeys))];
  const idsOf = (joinKey: string): (string | null)[] =>
    rows.map(([, { view, id }]) => (view.entity.joinKeys.includes(joinKey) ? id : null));
  const answer = await service.read({
    features: views.flatMap((view) =>
      view.features.map((feature, index) => ({ view, feature, index, reference: `${view.id}:${feature.name}` })),
    ),
    entities: Object.fromEntries(joinKeys.map((key) => [key, idsOf(key)])),
    stalePolicy: 'RETURN',
    now,
  });
  return keys.map((key) => {
    const { view } = key;
    const row = rowAt.get(rowOf(key)) as number;
    const columns = answer.columns.filter((column) => column.view === view.id);
    const statuses = columns.map((column) => column.statuses[row] ?? 'ERROR');
    if (statuses.includes('ERROR')) return absent(view, 'ERROR');
    if (statuses.every((status) => status === 'NOT_FOUND')) return absent(view, 'NOT_FOUND');
    return {
      view,
      status: statuses.includes('STALE') ? 'STALE' : 'PRESENT',
      eventTime: answer.views.find((times) => times.view === view.id)?.eventTimes[row] ?? null,
      values: columns.map((column) => column.values[row] ?? null),
    };
  });
}

/** One read of history a view and instant, whatever the number of entities. */
async function readHistory(
  offline: Pick<OfflineStore, 'rowsAt'>,
  keys: readonly ViewKey[],
): Promise<ReadonlyMap<ViewKey, ViewAnswer>> {
  const groups = new Map<string, ViewKey[]>();
  for (const key of keys) {
    const group = `${key.view.id} ${key.asOf}`;
    groups.set(group, [...(groups.get(group) ?? []), key]);
  }
  const answers = await Promise.all(
    [...groups.values()].map(async (group) => {
      const { view, asOf } = group[0] as ViewKey;
      const at = asOf as Instant;
      const rows = await offline.rowsAt(
        view,
        at,
        group.map(({ id }) => [id]),
      );
      return group.map((key, index) => [key, fromRow(view, rows[index] ?? null, at)] as const);
    }),
  );
  return new Map(answers.flat());
}

/** Made anew for each request: what one request has read, another must not see. */
export const createLoaders = (options: {
  readonly onlineFeatures: OnlineFeaturesService;
  readonly offline: Pick<OfflineStore, 'rowsAt'>;
  readonly jobs: Pick<JobLedger, 'getMany'>;
  readonly freshness: (views: readonly View[]) => Promise<readonly ViewFreshness[]>;
  readonly profiles: Pick<FeatureProfiles, 'newest'>;
  readonly now: Instant;
}): Loaders => ({
  freshness: new DataLoader<View, ViewFreshness>((views) => options.freshness(views)),
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
  views: new DataLoader<ViewKey, ViewAnswer, string>(
    async (keys) => {
      const live = keys.filter(({ asOf }) => asOf === null);
      const [online, history] = await Promise.all([
        live.length > 0 ? readOnline(options.onlineFeatures, live, options.now) : [],
        readHistory(
          options.offline,
          keys.filter(({ asOf }) => asOf !== null),
        ),
      ]);
      const byKey = new Map(live.map((key, index) => [key, online[index] as ViewAnswer] as const));
      return keys.map((key) => byKey.get(key) ?? (history.get(key) as ViewAnswer));
    },
    { cacheKeyFn: ({ view, id, asOf }) => JSON.stringify([view.id, id, asOf]) },
  ),
});
