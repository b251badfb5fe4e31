import fc, { type Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeatureSpec } from '../../src/core/definitions/define-feature.js';
import {
  type FeatureType,
  type FeatureValue,
  SCALAR_TYPES,
  type ScalarType,
  type ScalarValue,
} from '../../src/core/definitions/types.js';
import { rowCodec } from '../../src/online/row-codec.js';
import { FEATURE_LIMIT_BYTES, SCALAR_ARBITRARIES } from './arbitraries.js';
import { testRow, testView } from './definitions.js';

const feature = (type: FeatureType): FeatureSpec => ({ type, description: 'x' });

const typeArbitrary = fc.tuple(fc.constantFrom(...SCALAR_TYPES), fc.boolean());

const viewAndValues = fc.array(typeArbitrary, { minLength: 0, maxLength: 20 }).chain((types) =>
  fc.record({
    types: fc.constant(types.map(([type, many]): FeatureType => (many ? `ARRAY<${type}>` : type))),
    values: fc.tuple(
      ...types.map(([type, many]) => {
        const scalar: Arbitrary<ScalarValue> = SCALAR_ARBITRARIES[type];
        const value: Arbitrary<FeatureValue> = many
          ? fc.array(fc.option(scalar, { nil: null }), { maxLength: 30 })
          : scalar;
        return fc.option(value, { nil: null });
      }),
    ),
  }),
);

describe('the row codec', () => {
  it('gives back every value of every type exactly as it was', () => {
    fc.assert(
      fc.property(
        viewAndValues,
        fc.integer({ min: -(2 ** 41), max: 2 ** 45 }),
        fc.integer({ min: 0, max: 2 ** 45 }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.boolean(),
        fc.constantFrom(null, 1, 86_400_000),
        ({ types, values }, eventTime, availableAt, sequence, tombstone, ttlMs) => {
          const specs = Object.fromEntries(types.map((type, index) => [`f${index}`, feature(type)]));
          const codec = rowCodec(testView('any', { specs, ttlMs }));
          const row = testRow({ eventTime, availableAt, sequence, tombstone, values: tombstone ? [] : values });
          expect(codec.decode(row.key, codec.encode(row))).toStrictEqual(row);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('reads a row of a view without features', () => {
    const codec = rowCodec(testView('empty', { specs: {} }));
    const row = testRow({ values: [] });
    expect(codec.decode(row.key, codec.encode(row))).toStrictEqual(row);
  });

  it('takes at most 12 bytes a double feature, header and bitmap included', () => {
    for (const count of [10, 50, 250]) {
      const specs = Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, feature('FLOAT64')]));
      const row = testRow({ values: Array.from({ length: count }, (_, i) => Math.sqrt(i + 2)) });
      const bytes = rowCodec(testView('doubles', { specs, ttlMs: 1 })).encode(row).length;
      expect(bytes / count).toBeLessThanOrEqual(FEATURE_LIMIT_BYTES);
    }
  });

  it('packs 250 doubles and a 24-month sequence into 3.0 KB, the sequence into 80 bytes', () => {
    const doubles = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`f${i}`, feature('FLOAT64')]));
    const values = Array.from({ length: 250 }, (_, i) => Math.sqrt(i + 2));
    const sequence = Array.from({ length: 24 }, (_, i) => i * 30);
    const without = rowCodec(testView('a', { specs: doubles })).encode(testRow({ values })).length;
    const specs = { ...doubles, sequence: feature('ARRAY<INT32>') };
    const withIt = rowCodec(testView('a', { specs })).encode(testRow({ values: [...values, sequence] })).length;
    expect(withIt).toBeLessThanOrEqual(3_000);
    expect(withIt - without).toBeLessThanOrEqual(80);
    // A gap costs the bits of a bitmap, a mask a byte a month.
    const masked = { ...doubles, sequence: feature('ARRAY<INT32>'), observed: feature('ARRAY<BOOLEAN>') };
    const gap = [sequence.map((dpd, month) => (month === 3 ? null : dpd)), sequence.map((_, month) => month !== 3)];
    const withMask = rowCodec(testView('a', { specs: masked })).encode(testRow({ values: [...values, ...gap] })).length;
    expect(withMask - without).toBeLessThanOrEqual(80);
  });

  it('refuses bytes that another set of features wrote', () => {
    const codec = rowCodec(testView('a', { specs: { x: feature('INT32') } }));
    const renamed = rowCodec(testView('a', { specs: { y: feature('INT32') } }));
    const retyped = rowCodec(testView('a', { specs: { x: feature('FLOAT32') } }));
    const bytes = codec.encode(testRow({ values: [7] }));
    expect(() => renamed.decode(['C1'], bytes)).toThrow('other features');
    expect(() => retyped.decode(['C1'], bytes)).toThrow('other features');
  });

  it('never reads garbage or a cut row as values', () => {
    const codec = rowCodec(testView('a'));
    const whole = codec.encode(testRow());
    for (let length = 0; length < whole.length; length++) {
      expect(() => codec.decode(['C1'], whole.subarray(0, length))).toThrow('cannot be read');
    }
    expect(() => codec.decode(['C1'], Buffer.concat([whole, Buffer.from([0])]))).toThrow('after its end');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => codec.decode(['C1'], Buffer.from(bytes))).toThrow();
      }),
    );
  });

  it.each<[ScalarType, unknown]>([
    ['INT32', 1.5],
    ['INT32', 2 ** 31],
    ['INT32', '1'],
    ['INT64', '9223372036854775808'],
    ['INT64', 5],
    ['BOOLEAN', 1],
    ['FLOAT64', '1.5'],
    ['DATE', 'yesterday'],
    ['STRING', 5],
  ])('refuses to write %s %j, naming the feature and not the value', (type, value) => {
    const codec = rowCodec(testView('a', { specs: { x: feature(type) } }));
    expect(() => codec.encode(testRow({ values: [value as never] }))).toThrow(/^a value of a@1:x is not /);
  });
});
