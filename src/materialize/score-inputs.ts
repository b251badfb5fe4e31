/** The inputs of a score view's run: waits for their writers, and checks that they have values. */
import { inputViews } from '../core/compute/view-kinds.js';
import type { View } from '../core/definitions/definitions.js';
import { conflict } from '../core/errors.js';
import { formatInstant, type Instant } from '../core/helpers/time.js';
import { viewResource } from '../core/ports/leases.js';
import { type MaterializerDeps, storeNow } from './run-steps.js';
import { knownBy, readableFrom } from './schedule.js';

/** Waits for the process that writes one of the inputs: what it stamped before now is in the history after. */
export async function settleInputs({ leases }: MaterializerDeps, view: View, signal: AbortSignal): Promise<void> {
  for (const input of inputViews(view)) await leases.hold(viewResource(input), signal, async () => undefined);
}

/**
 * Knowledge time of a live run that begins now, with everything that was published by then in the history. `scheduled`: what its schedule would have
 * known.
 */
export async function settledKnowledge(
  deps: MaterializerDeps,
  { view, asOf, scheduled }: { readonly view: View; readonly asOf: Instant; readonly scheduled: Instant },
  signal: AbortSignal,
): Promise<Instant> {
  await settleInputs(deps, view, signal);
  const knowledge = knownBy(view, asOf, { now: await storeNow(deps), scheduled }, deps.calendar);
  // A run that began in between may have stamped its rows before that instant.
  await settleInputs(deps, view, signal);
  return knowledge;
}

/** @throws CONFLICT where no input of the scores has a value yet: an answer without a row would look like a portfolio without risk */
export async function refuseWithoutInputs(deps: MaterializerDeps, view: View, asOf: Instant): Promise<void> {
  const scheduled = readableFrom(view, asOf);
  const at = knownBy(view, asOf, { now: await storeNow(deps), scheduled }, deps.calendar);
  const inputs = inputViews(view);
  for (const input of inputs) if ((await deps.offline.viewStats(input, at)).keys > 0) return;
  throw conflict(
    `${view.id} as of ${formatInstant(asOf)} cannot be made: none of its inputs had a value at ${formatInstant(at)}`,
    `materialize or backfill ${inputs.map(({ id }) => id).join(', ')} first`,
  );
}
