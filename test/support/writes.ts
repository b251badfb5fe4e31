/** Writing to views in tests: under leases that no other process asks for, or with a part of a writer replaced. */
import type { View } from '../../src/core/definitions/definitions.js';
import { viewResource } from '../../src/core/ports/leases.js';
import type { Run, StagedRow } from '../../src/core/ports/offline.js';
import type { OfflineWriter, OfflineWriters, StageOptions, StampedRun } from '../../src/core/ports/offline-writer.js';
import { leaseOf } from './leases.js';

/** Writes to any view, each under a lease of its own that lasts as long as the test. */
export function leasedWrites(writers: OfflineWriters) {
  const open = new Map<string, Promise<OfflineWriter>>();
  const writerOf = (view: View): Promise<OfflineWriter> => {
    const writer = open.get(view.id) ?? writers.writer(view, leaseOf(viewResource(view), Date.now()));
    open.set(view.id, writer);
    return writer;
  };
  return {
    stageRun: async (run: Run, options?: StageOptions) => (await writerOf(run.view)).stageRun(run, options),
    stageRuns: async (runs: readonly Run[], computed?: (runs: number) => Promise<void>) =>
      (await writerOf((runs[0] as Run).view)).stageRuns(runs, computed),
    stageRows: async (run: Run, batches: AsyncIterable<readonly StagedRow[]>) =>
      (await writerOf(run.view)).stageRows(run, batches),
    commitRuns: async (view: View, runs: readonly StampedRun[]) => (await writerOf(view)).commitRuns(runs),
    dropStages: async (view: View, runs: readonly Run[]) => (await writerOf(view)).dropStages(runs),
    async dropView(view: View) {
      open.delete(view.id);
      await writers.dropView(view, leaseOf(viewResource(view), Date.now()));
    },
  };
}

export type LeasedWrites = ReturnType<typeof leasedWrites>;

/** Writers of which some methods are replaced: how a test breaks a write off, or comes between two of them. */
export const changedWriters = (
  writers: OfflineWriters,
  change: (writer: OfflineWriter) => Partial<OfflineWriter>,
): OfflineWriters => ({
  ...writers,
  async writer(view, lease) {
    const writer = await writers.writer(view, lease);
    return { ...writer, ...change(writer) };
  },
});
