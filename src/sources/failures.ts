import { RiskgraphError } from '../core/errors.js';
import { workFailure } from '../warehouse/failures.js';

/** The failure of an import as its caller reads it; the store's own message stays in `cause`. */
export function importFailure(error: unknown, table: string): Error {
  const hint =
    'no row of it counts yet, or those that do count once: send the same file again, before the next one of its table';
  // Node says of an upload that its sender broke off what it says of a store that died, but for the word.
  const senderBrokeOff = error instanceof Error && error.message === 'aborted';
  const failure = senderBrokeOff
    ? error
    : workFailure(error, { message: `the store could not take the import into ${table}`, hint });
  if (failure instanceof RiskgraphError) return failure;
  if (error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOSPC') {
    return new RiskgraphError({
      code: 'OVERLOADED',
      message: `the disk on which uploads wait is full: the import into ${table} is not taken`,
      hint: 'free space on the disk of RISKGRAPH_HOME of the API process, then import again',
      cause: error,
    });
  }
  return new RiskgraphError({ code: 'INTERNAL', message: `the import into ${table} broke off`, hint, cause: error });
}
