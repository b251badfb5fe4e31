import { conflict, notFound } from '../core/errors.js';
import { DAY } from '../core/helpers/time.js';
import { newUuid } from '../core/helpers/uuid.js';
import type { Clock } from '../core/ports/process.js';
import type { SpineLedger, SpineLimits, SpineService, SpineStore } from '../core/ports/spines.js';

export interface SpinesOptions {
  readonly store: SpineStore;
  readonly ledger: SpineLedger;
  readonly limits: Pick<SpineLimits, 'bytes'>;
  /** How long a spine stays from which no training set is made. */
  readonly days: number;
  readonly clock: Clock;
}

/** Of one caller, from which no set is made: what it forgets must not fill the disk. */
const MOST_UNUSED = 100;
/** What they hold together, in spines of the largest size. */
const MOST_UNUSED_SIZES = 4;

export function createSpines({ store, ledger, limits, days, clock }: SpinesOptions): SpineService {
  const refuseMoreUnused = async (caller: string): Promise<void> => {
    const unused = (await ledger.unused(clock())).filter(({ uploadedBy }) => uploadedBy === caller);
    const bytes = unused.length === 0 ? 0 : await store.bytes(unused.map(({ table }) => table));
    if (unused.length < MOST_UNUSED && bytes < MOST_UNUSED_SIZES * limits.bytes) return;
    throw conflict(
      `this key uploaded ${unused.length} spines of ${bytes} bytes from which no training set is made`,
      `make sets of them, or wait: each is dropped after ${days} days`,
    );
  };
  return {
    formats: store.formats,
    async upload(file) {
      const { caller } = file;
      await refuseMoreUnused(caller);
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
    keysOf: (spine) => store.keysOf(spine),
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
