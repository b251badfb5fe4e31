import { notFound } from '../core/errors.js';
import { DAY } from '../core/helpers/time.js';
import { newUuid } from '../core/helpers/uuid.js';
import type { Clock } from '../core/ports/process.js';
import type { SpineLedger, SpineService, SpineStore } from '../core/ports/spines.js';

export interface SpinesOptions {
  readonly store: SpineStore;
  readonly ledger: SpineLedger;
  /** How long a spine stays from which no training set is made. */
  readonly days: number;
  readonly clock: Clock;
}

export function createSpines({ store, ledger, days, clock }: SpinesOptions): SpineService {
  return {
    formats: store.formats,
    async upload({ caller, ...file }) {
      const id = newUuid(clock());
      const { rejected, refused, ...content } = await store.write(id, file);
      const uploadedAt = clock();
      await ledger.create({ ...content, id, uploadedBy: caller, uploadedAt }).catch(async (cause: unknown) => {
        await store.drop(content.table);
        throw cause;
      });
      const { rows, columns, target } = content;
      return { id, rows, columns, target, rejected, refused, expiresAt: uploadedAt + days * DAY };
    },
    async get(id) {
      const spine = await ledger.get(id);
      if (spine) return spine;
      throw notFound(
        `there is no spine '${id.slice(0, 64)}'`,
        `upload it by POST /spines: one from which no set is made is dropped after ${days} days`,
      );
    },
    async sweep() {
      const unused = await ledger.unused(clock() - days * DAY);
      for (const { id, table } of unused) {
        // The record first: no set may be asked for whose rows are gone.
        await ledger.remove(id);
        await store.drop(table);
      }
      await store.sweep(new Set((await ledger.all()).map(({ table }) => table)));
      return { dropped: unused.length };
    },
  };
}
