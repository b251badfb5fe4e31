/** What the operations on gangs have in common. */
import { badInput } from '../core/errors.js';
import type { Instant } from '../core/helpers/time.js';
import type { RequestContext } from './context.js';

export const INVESTIGATORS = ['admin', 'investigator'] as const;
export const GANG_AS_OF =
  'The knowledge time: links and defaults as they were known then. Without it, as they are known now.';
export const REASON = 'The reason, a sentence for those who read the case or the audit log later.';
export const UNTIL = 'The instant at which it ends; without it, it does not end.';

/** The knowledge time asked for, or now. */
export function gangTime(asOf: Instant | null, { services }: Pick<RequestContext, 'services'>): Instant {
  const now = services.now();
  if (asOf != null && asOf > now) throw badInput('`asOf` is in the future', 'leave it out to read what is known now');
  return asOf ?? now;
}
