import { RiskgraphError } from '../core/errors.js';
import { workFailure } from '../warehouse/failures.js';

/** The failure of a derivation, whose name is a plural: what the store said, or INTERNAL with its cause. */
export function derivationFailure(derived: string, cause: unknown): Error {
  const work = {
    message: `the ${derived} could not be derived`,
    hint: 'derive again: what was written stays and is not written twice',
  };
  const failure = workFailure(cause, work);
  return failure instanceof RiskgraphError ? failure : new RiskgraphError({ code: 'INTERNAL', ...work, cause });
}
