import { declaresStored } from '../core/definitions/definition-kinds.js';
import { conflict, notFound } from '../core/errors.js';
import { type Leases, viewResource } from '../core/ports/leases.js';
import type { OfflineReader } from '../core/ports/offline.js';
import type { OfflineWriters } from '../core/ports/offline-writer.js';
import type { OnlineStore } from '../core/ports/online.js';
import type { Clock } from '../core/ports/process.js';
import type { JobProgress } from '../core/ports/progress.js';
import type { ViewPruner } from '../core/ports/pruning.js';
import type { DefinitionLedger, PublishedDefinition } from '../core/ports/serving.js';
import type { TrainingSetLedger } from '../core/ports/training-sets.js';
import { isComputed, pinning, readThrough, spoken } from './published.js';

export interface PrunerOptions {
  readonly ledger: DefinitionLedger;
  readonly trainingSets: Pick<TrainingSetLedger, 'pinning'>;
  readonly offline: Pick<OfflineReader, 'viewHoldings'>;
  readonly writers: Pick<OfflineWriters, 'dropView'>;
  readonly online: Pick<OnlineStore, 'deleteView'>;
  /** A view is dropped under its lease, so that no run of it writes meanwhile. */
  readonly leases: Leases;
  readonly now: Clock;
}

/** Names of many sets would bury what to do. */
const SETS_NAMED = 5;

const listed = (sets: readonly { readonly id: string; readonly name: string }[]): string => {
  const named = sets.slice(0, SETS_NAMED).map(({ id, name }) => `'${name}' (${id})`);
  return [...named, ...(sets.length > SETS_NAMED ? [`${sets.length - SETS_NAMED} more`] : [])].join(', ');
};

/** Prunes by what was published of a view alone: its file, and even its entity's, may be gone. */
export function createViewPruner({
  ledger,
  trainingSets,
  offline,
  writers,
  online,
  leases,
  now,
}: PrunerOptions): ViewPruner {
  const prunable = async (id: string, force: boolean) => {
    const all = await ledger.all();
    const definition = all.find((one) => declaresStored(one.kind) && one.id === id);
    if (!definition) throw unknown(id, all);
    if (definition.retiredAt === null) {
      const pins = pinning(id, all).map(spoken);
      throw conflict(
        `feature view ${id} is in force${pins.length > 0 ? ` and pinned by ${pins.join(', ')}` : ''}: only a retired version is pruned`,
        pins.length > 0
          ? 'retire what pins it first, then the view, with retireFeatureView'
          : `retire it first: retireFeatureView(view: "${id}")`,
      );
    }
    const holdings = await offline.viewHoldings(definition);
    // A run that was under way when the version was retired may have made its tables once more.
    if (definition.prunedAt !== null && holdings === null) {
      throw conflict(`feature view ${id} is already pruned`, 'there is nothing left to drop');
    }
    // A set of on-demand features reads what those are computed from.
    const sets = await trainingSets.pinning([id, ...readThrough(id, all)]);
    if (sets.length > 0 && !force) {
      throw conflict(
        `feature view ${id} is pinned by training set${sets.length > 1 ? 's' : ''} ${listed(sets)}`,
        'keep its history: without it they cannot be built again. To drop it all the same, repeat with force: true (--force)',
      );
    }
    const { rows = 0, bytes = 0 } = holdings ?? {};
    return { held: definition, found: { view: id, rows, bytes, trainingSets: sets.map((set) => set.id) } };
  };

  return {
    check: async (id, { force }) => (await prunable(id, force)).found,

    prune: (id, { force }, progress: JobProgress) =>
      leases.hold(viewResource({ id }), progress.signal, async (lease) => {
        const { held, found } = await prunable(id, force);
        const signal = AbortSignal.any([progress.signal, lease.lost]);
        const onlineFields = await online.deleteView(
          { id, entity: { name: String(held.snapshot.entity) } },
          { signal, removed: () => progress.report(0.1) },
        );
        signal.throwIfAborted();
        await progress.report(0.5);
        await writers.dropView(held, lease);
        await ledger.prune(held, now());
        return { ...found, onlineFields };
      }),
  };
}

const unknown = (id: string, all: readonly PublishedDefinition[]) =>
  isComputed(id, all)
    ? conflict(`${id} is an on-demand view: nothing is stored of it`, 'there is nothing to prune')
    : notFound(`feature view ${id} was never applied`, 'name a retired version, as name@version');
