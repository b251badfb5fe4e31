/** What must not compile: a write to a view without its lease and fencing token. `tsc -p .` fails where one of these lines is accepted. */
import { expect, test } from 'vitest';
import type { View } from '../../../src/core/definitions/definitions.js';
import type { Leases } from '../../../src/core/ports/leases.js';
import { tableResource, viewResource } from '../../../src/core/ports/leases.js';
import type { RunLedger } from '../../../src/core/ports/materialize.js';
import type { OfflineReader, Run } from '../../../src/core/ports/offline.js';
import type { OfflineWriters } from '../../../src/core/ports/offline-writer.js';
import type { MergeOptions } from '../../../src/sources/merge.js';
import { leaseOf } from '../../support/leases.js';

interface Parts {
  readonly view: View;
  readonly run: Run;
  readonly offline: OfflineReader;
  readonly writers: OfflineWriters;
  readonly ledger: RunLedger;
  readonly leases: Leases;
  readonly merge: Omit<MergeOptions, 'fence'>;
}

/** Never called: the compiler alone reads them. */
const refused = ({ view, run, offline, writers, ledger, leases, merge }: Parts) => {
  const resource = viewResource(view);
  const { lost } = leaseOf(resource, 1);
  return [
    // @ts-expect-error a reader does not write
    () => offline.commitRuns([{ run, availableAt: 0 }]),
    // @ts-expect-error only a writer stages, and only a lease gives one
    () => writers.stageRun(run),
    // @ts-expect-error without a lease
    () => writers.writer(view),
    // @ts-expect-error without a fencing token
    () => writers.writer(view, { resource, lost }),
    // @ts-expect-error with the lease of a source table
    () => writers.writer(view, leaseOf(tableResource('customers'), 1)),
    // @ts-expect-error without a lease
    () => writers.dropView(view),
    // @ts-expect-error a run has no token of its own
    (): Run => ({ ...run, fencingToken: 1 }),
    // @ts-expect-error without a lease
    () => ledger.update(run.id, { stage: 'COMMITTED' }),
    // @ts-expect-error without a lease
    () => ledger.updateAll([{ id: run.id, change: { stage: 'COMMITTED' } }]),
    // @ts-expect-error without a signal that ends the waiting
    () => leases.hold(resource, async () => undefined),
    // @ts-expect-error an import without a fence
    (): MergeOptions => merge,
  ];
};

test('a write without a lease and a fencing token does not compile', () => {
  expect(refused).toBeTypeOf('function');
});
