import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bandOf, logOdds, pointsOf } from '../../../src/core/helpers/risk-maths.js';

const SCALE = { points: 600, odds: 1 / 19, pointsToDoubleOdds: 50 };

it('gives the base points at the base odds, and points-to-double for half or twice them', () => {
  expect(pointsOf(1 / 20, SCALE)).toBe(600);
  expect(pointsOf(2 / 21, SCALE)).toBe(550);
  expect(pointsOf(1 / 39, SCALE)).toBe(650);
});

it('is high for the safe and never rises with the risk', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (a, b) => {
      expect(pointsOf(Math.min(a, b), SCALE)).toBeGreaterThanOrEqual(pointsOf(Math.max(a, b), SCALE));
    }),
  );
});

it('keeps the points of a certain default finite', () => {
  expect(Number.isInteger(pointsOf(1, SCALE))).toBe(true);
  expect(Number.isInteger(pointsOf(0, SCALE))).toBe(true);
  expect(logOdds(0.5)).toBe(0);
});

it('takes the best band whose bound is reached, the bound included', () => {
  const bands = { B: 500, A: 600, C: 400 };
  expect([601, 600, 599, 400, 399].map((points) => bandOf(points, bands))).toEqual(['A', 'A', 'B', 'C', null]);
  expect(bandOf(700, undefined)).toBeNull();
});
