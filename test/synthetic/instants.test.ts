import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatInstant } from '../../src/core/helpers/time.js';
import { instantText } from '../../synthetic/instants.js';

it('writes every instant as the platform does', () => {
  const range = { min: Date.UTC(1900, 0, 1), max: Date.UTC(2300, 0, 1) - 1 };
  fc.assert(
    fc.property(fc.integer(range), (instant) => {
      expect(instantText(instant)).toBe(formatInstant(instant));
    }),
    { numRuns: 1000 },
  );
});
