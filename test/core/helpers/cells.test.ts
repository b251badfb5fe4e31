import fc from 'fast-check';
import { cellToParent, latLngToCell } from 'h3-js';
import { expect, it } from 'vitest';
import { geohashAt, h3At, placeOf, positionStatus } from '../../../src/core/helpers/cells.js';
import { inDatum } from '../../../src/core/helpers/datums.js';
import { geohashBox, geohashChildren, geohashDisk, geohashOf, isGeohash } from '../../../src/core/helpers/geohash.js';

const BEIJING = { latitude: 39.9042, longitude: 116.4074 };
const position = fc.record({
  latitude: fc.double({ min: -90, max: 90, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
});

it.each([
  ['VALID', 39.9042, 116.4074, 'WGS84', false],
  ['VALID', -33.9, -151.2, 'WGS84', false],
  ['VALID', 0, 116.4, 'WGS84', false],
  ['ABSENT', null, null, null, false],
  ['INCOMPLETE', 39.9, null, 'WGS84', false],
  ['INCOMPLETE', null, 116.4, 'WGS84', false],
  ['OUT_OF_RANGE', 95.5, 500, 'WGS84', false],
  ['OUT_OF_RANGE', 39.9, 180.5, 'WGS84', false],
  ['OUT_OF_RANGE', Number.NaN, 116.4, 'WGS84', false],
  ['SWAPPED', 116.4074, 39.9042, 'WGS84', false],
  ['SWAPPED', 87.6168, 43.8256, 'GCJ02', false],
  ['ZERO', 0, 0, 'WGS84', false],
  ['MOCKED', 39.9042, 116.4074, 'WGS84', true],
  ['UNKNOWN_DATUM', 39.9042, 116.4074, 'wgs84', false],
  ['UNKNOWN_DATUM', 39.9042, 116.4074, null, false],
] as const)('a position is %s for %s, %s in %s, mocked: %s', (status, latitude, longitude, datum, mocked) => {
  const report = { latitude, longitude, datum, mocked };
  expect(positionStatus(report)).toBe(status);
  expect(placeOf(report) === null).toBe(status !== 'VALID');
});

it('a place has the finest cells of its position in WGS84, and the coarser ones are their parents', () => {
  const place = placeOf({ ...BEIJING, datum: 'WGS84' });
  expect(place).toEqual({ ...BEIJING, h3: '8f31aa4282ecd0b', geohash: 'wx4g0bm6c408' });
  expect(place && h3At(place, 8)).toBe('8831aa4283fffff');
  expect(place && geohashAt(place, 6)).toBe('wx4g0b');
  const shifted = placeOf({ ...inDatum(BEIJING, 'BD09'), datum: 'BD09' });
  expect(shifted && h3At(shifted, 12)).toBe(place && h3At(place, 12));
});

it('a coarser H3 cell is the parent of the finest, which the position made anew is not always', () => {
  // By cellToParent of 8f31aa555…: the point lies beyond the edge of the parent of its finest cell.
  const apart = fc
    .sample(fc.record({ latitude: fc.double({ min: 39, max: 40 }), longitude: fc.double({ min: 116, max: 117 }) }), 300)
    .filter(({ latitude, longitude }) => Number.isFinite(latitude + longitude))
    .map((each) => ({ each, place: placeOf({ ...each, datum: 'WGS84' }) }));
  const ofParents = apart.filter(({ place }) => place && h3At(place, 8) === cellToParent(place.h3, 8));
  expect(ofParents).toHaveLength(apart.length);
  expect(
    apart.some(({ each, place }) => place && h3At(place, 8) !== latLngToCell(each.latitude, each.longitude, 8)),
  ).toBe(true);
});

it.each([
  [57.64911, 10.40744, 'u4pruydqqvj8'],
  [42.593994140625, -5.60302734375, 'ezs42d000000'],
  [90, 180, 'zzzzzzzzzzzz'],
  [-90, -180, '000000000000'],
])('the geohash of %s, %s is %s', (latitude, longitude, geohash) => {
  expect(geohashOf({ latitude, longitude }, 12)).toBe(geohash);
});

it('a geohash holds its position, and its 32 children lie in it', () => {
  fc.assert(
    fc.property(position, fc.integer({ min: 1, max: 11 }), (each, level) => {
      const cell = geohashOf(each, level);
      const { south, west, north, east } = geohashBox(cell);
      expect(each.latitude).toBeGreaterThanOrEqual(south);
      expect(each.latitude).toBeLessThanOrEqual(north);
      expect(each.longitude).toBeGreaterThanOrEqual(west);
      expect(each.longitude).toBeLessThanOrEqual(east);
      expect(geohashChildren(cell)).toHaveLength(32);
      expect(geohashOf(each, level + 1).startsWith(cell)).toBe(true);
      expect(geohashChildren(cell)).toContain(geohashOf(each, level + 1));
    }),
  );
  expect(geohashChildren('wx4g0bm6c408')).toEqual([]);
  expect(['wx4g0b', 'wx4g0a', '', 'WX4', 'wx4g0bm6c4081'].map(isGeohash)).toEqual([true, false, false, false, false]);
});

it.each([
  ['north-west of Africa, with other beginnings', 's', ['7', 'e', 'g', 'k', 'm', 's', 't', 'u', 'v']],
  ['at the date line, where east and west meet', 'x', ['2', '8', 'b', 'q', 'r', 'w', 'x', 'y', 'z']],
])('a cell has its eight neighbours %s', (_, cell, cells) => {
  expect([...geohashDisk(cell, 1)].sort()).toEqual(cells);
});

it('at a pole there is no neighbour beyond it, and rings around the globe name each cell once', () => {
  expect(geohashDisk('zzz', 1)).toHaveLength(6);
  expect(geohashDisk('s', 8)).toHaveLength(32);
  expect(geohashDisk('wx4g0b', 2)).toHaveLength(25);
});
