import fc, { type Arbitrary } from 'fast-check';
import type { ScalarType, ScalarValue } from '../../src/core/definitions/types.js';

export const FEATURE_LIMIT_BYTES = 12;

const day = 86_400_000;
const decimalText = fc
  .tuple(fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n }), fc.integer({ min: 0, max: 12 }))
  .map(([mantissa, scale]) => {
    const digits = (mantissa < 0n ? -mantissa : mantissa).toString().padStart(scale + 1, '0');
    const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
    return mantissa < 0n ? `-${text}` : text;
  });

/** Values in the wire representation, the edges of each type among them. */
export const SCALAR_ARBITRARIES: Readonly<Record<ScalarType, Arbitrary<ScalarValue>>> = {
  STRING: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\u0000', '李雷', '👩‍💻', "' OR 1=1 --")),
  BOOLEAN: fc.boolean(),
  INT32: fc.oneof(fc.integer(), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 0)),
  INT64: fc
    .oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 52n, -(2n ** 52n), 2n ** 53n, 2n ** 48n, -(2n ** 48n), 0n),
    )
    .map(String),
  FLOAT32: fc.float(),
  FLOAT64: fc.double(),
  DECIMAL: fc.oneof(
    decimalText,
    fc.constantFrom('0', '0.00', '-0', '-0.10', '1e3', '00.5', '.5', '99999999999999999999999999999999.999999'),
  ),
  DATE: fc.integer({ min: -25_567, max: 120_529 }).map((days) => new Date(days * day).toISOString().slice(0, 10)),
  TIMESTAMP: fc.integer({ min: -25_567 * day, max: 120_529 * day }).map((ms) => new Date(ms).toISOString()),
};
