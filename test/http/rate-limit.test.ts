import { describe, expect, it } from 'vitest';
import type { Caller, Role } from '../../src/core/ports/access.js';
import { parseRateLimits } from '../../src/http/rate-limit.js';

const caller = (role: Role, name: string = role): Caller => ({ role, name, keyId: 'any' });

describe('the limits of RISKGRAPH_RATE_LIMIT', () => {
  it.each([
    ['by default: none for decisions', undefined, caller('decision'), null],
    ['by default: for every other role', undefined, caller('bi'), 6_000],
    ['by default: for an address without a key', undefined, null, 6_000],
    ['a number alone is for every role but decision', '50', caller('admin'), 50],
    ['a number alone leaves decisions as they are', '50', caller('decision'), null],
    ['of the role before the number alone', 'bi=7,50', caller('bi'), 7],
    ['of the name before that of the role', 'modeler=7, modeler:nightly=9', caller('modeler', 'nightly'), 9],
    ['a name of another role is not meant', 'modeler:nightly=9', caller('bi', 'nightly'), 6_000],
    ['none takes a limit away', 'none,ingest=3', caller('modeler'), null],
    ['decisions are limited where it says so', 'decision=600', caller('decision'), 600],
  ])('%s', (_, text, who, limit) => {
    expect(parseRateLimits(text).of(who)).toBe(limit);
  });

  it('are refused with every problem by its place', () => {
    expect(() => parseRateLimits('6000,boss=1,bi=0,bi:=4,modeler=1,modeler=2,7')).toThrow(
      /entry 2: 'boss' is not a role; entry 3 is not a number.*; entry 4 is.*; entry 6: modeler is given twice; entry 7: the number alone is given twice$/,
    );
  });
});
