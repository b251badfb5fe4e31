import { declaresStored } from '../core/definitions/definition-kinds.js';
import type { Instant } from '../core/helpers/time.js';
import type { Catalogue, FreshCatalogue } from '../core/ports/catalogue.js';
import type { Clock } from '../core/ports/process.js';
import type { DefinitionLedger } from '../core/ports/serving.js';

export interface FreshCatalogueOptions {
  readonly catalogue: Catalogue;
  readonly ledger: DefinitionLedger;
  readonly clock: Clock;
  /** Milliseconds after which every process has followed a retirement. */
  readonly followedAfter: number;
}

/** See the port: what another process has applied since the last job counts in the next. */
export function createFreshCatalogue({
  catalogue,
  ledger,
  clock,
  followedAfter,
}: FreshCatalogueOptions): FreshCatalogue {
  const isFollowed = (retiredAt: Instant | null) => retiredAt !== null && retiredAt <= clock() - followedAfter;
  return {
    async views(names) {
      await catalogue.refresh();
      return names ? catalogue.namedViews(names) : catalogue.views();
    },
    async labels(names) {
      await catalogue.refresh();
      return names ? names.map((name) => catalogue.namedLabel(name)) : catalogue.labels();
    },
    async retiredViews() {
      const definitions = await ledger.all();
      return definitions
        .filter(({ kind, retiredAt }) => declaresStored(kind) && isFollowed(retiredAt))
        .map(({ id }) => id);
    },
    async model(reference) {
      await catalogue.refresh();
      return catalogue.namedModel(reference);
    },
  };
}
