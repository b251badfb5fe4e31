import type { View } from '../core/definitions/definitions.js';
import { addDays, DAY, type Instant, type LocalDate } from '../core/helpers/time.js';
import type { DerivedTable } from '../core/ports/derived.js';

/** The target of a computation: `asOf` an instant, `lastDay` the local day of the last as-of of a range; neither: the newest that is due. */
export interface DerivedUntil {
  readonly asOf?: Instant | undefined;
  readonly lastDay?: LocalDate;
  /** The local day of the first as-of of a range. */
  readonly firstDay?: LocalDate;
  readonly now: Instant;
  /** Restates days that are derived already with what is known by this instant. */
  readonly knownBy?: Instant;
}

/** The tables whose imports bear on the view: its sources, and what derived ones among them are made of. */
export function tablesRead({ sources }: Pick<View, 'sources'>, derived: readonly DerivedTable[]): readonly string[] {
  const read = new Set(sources);
  // A set is walked to its end, also over what is added on the way.
  for (const name of read)
    for (const input of derived.find((table) => table.name === name)?.inputs ?? []) read.add(input);
  return [...read];
}

/**
 * Brings the derived tables that the views read to the day that their runs need: what is known when the delay of the last as-of is over, which
 * is where its run reads. Views that read none cost nothing, and a table that is up to date next to nothing.
 */
export async function deriveInputs(
  tables: readonly DerivedTable[],
  views: readonly Pick<View, 'sources' | 'delayMs'>[],
  { asOf, firstDay, lastDay, now, knownBy }: DerivedUntil,
  signal: AbortSignal,
): Promise<void> {
  for (const table of tables) {
    const readers = views.filter((view) => tablesRead(view, tables).includes(table.name));
    if (readers.length === 0) continue;
    const delay = Math.max(...readers.map(({ delayMs }) => delayMs));
    const request = {
      ...(asOf !== undefined && { asOf: asOf + delay }),
      ...(firstDay !== undefined && { from: addDays(firstDay, -1) }),
      ...(lastDay !== undefined && { through: addDays(lastDay, Math.ceil(delay / DAY)) }),
      now,
      ...(knownBy !== undefined && { knownBy }),
    };
    // The progress of the job is that of its views.
    await table.derive(request, { signal, report: async () => undefined });
  }
}
