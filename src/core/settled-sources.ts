import type { View } from './definitions/definitions.js';
import { MINUTE } from './helpers/time.js';
import type { DerivedTable } from './ports/derived.js';
import { type Leases, tableResource } from './ports/leases.js';
import type { Log } from './ports/process.js';

/** A longer import is not waited for: a decision needs the views more than the rows of that file. */
const MOST_WAIT_MS = 2 * MINUTE;

interface SettledBy {
  readonly leases: Leases;
  readonly log: Log;
  readonly derived: readonly Pick<DerivedTable, 'name' | 'inputs'>[];
}

/**
 * Waits for imports that are writing to the sources of views or labels, or to what these are derived from. Their rows are known since the moment at which they began to write: a run that
 * reads half of them would differ for ever from a backfill of its as-of. What is imported from now on is known later than any as-of that is due.
 */
export async function settleSources(
  { leases, log, derived }: SettledBy,
  readers: readonly Pick<View, 'sources'>[],
  signal: AbortSignal,
  patience: AbortSignal = AbortSignal.timeout(MOST_WAIT_MS),
): Promise<void> {
  const sources = new Set(readers.flatMap((reader) => reader.sources));
  const inputsOf = (name: string) => derived.find((table) => table.name === name)?.inputs;
  // A derived table is written by the run itself, from the rows of others.
  for (const name of sources) for (const input of inputsOf(name) ?? []) sources.add(input);
  const tables = [...sources].filter((name) => inputsOf(name) === undefined);
  const either = AbortSignal.any([signal, patience]);
  const settle = async (table: string): Promise<void> => {
    try {
      await leases.hold(tableResource(table), either, async () => undefined);
    } catch (error) {
      signal.throwIfAborted();
      if (!patience.aborted) throw error;
      log.warn({ table }, 'an import is still writing: runs go on without the rows that it has not written');
    }
  };
  // All at once: a long import of one table must not use up the time in which those of the others end.
  await Promise.all(tables.map(settle));
}
