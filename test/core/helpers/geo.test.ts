import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DATUMS, fromDatum, inDatum } from '../../../src/core/helpers/datums.js';
import { distanceKm, h3Cell, positionOf } from '../../../src/core/helpers/geo.js';

const BEIJING = { latitude: 39.9042, longitude: 116.4074 };
const SHANGHAI = { latitude: 31.2304, longitude: 121.4737 };
const METRE = 1 / 111_200;

const inChina = fc.record({
  latitude: fc.double({ min: 18, max: 53, noNaN: true }),
  longitude: fc.double({ min: 74, max: 135, noNaN: true }),
});

describe('a position', () => {
  it.each(DATUMS)('comes back from %s to within a millimetre', (datum) => {
    fc.assert(
      fc.property(inChina, (position) => {
        const back = fromDatum(inDatum(position, datum), datum);
        expect(Math.abs(back.latitude - position.latitude)).toBeLessThan(METRE / 1000);
        expect(Math.abs(back.longitude - position.longitude)).toBeLessThan(METRE / 1000);
      }),
    );
  });

  it('is the same place in WGS84 whichever datum reported it, and another where the datum is mistaken', () => {
    const [wgs, gcj, bd] = DATUMS.map((datum) => {
      const { latitude, longitude } = inDatum(BEIJING, datum);
      return positionOf(latitude, longitude, datum);
    });
    const apart = (other: typeof gcj) => wgs && other && distanceKm(wgs, other);
    expect(apart(gcj)).toBeLessThan(0.001);
    expect(apart(bd)).toBeLessThan(0.001);
    const { latitude, longitude } = inDatum(BEIJING, 'GCJ02');
    expect(apart(positionOf(latitude, longitude, 'WGS84'))).toBeGreaterThan(0.1);
  });

  it.each([
    [null, 116, 'WGS84'],
    [39, null, 'WGS84'],
    [39, 116, null],
    [39, 116, 'wgs84'],
    [91, 116, 'WGS84'],
    [39, 181, 'WGS84'],
    [0, 0, 'WGS84'],
  ])('is none of %s, %s in %s', (latitude, longitude, datum) => {
    expect(positionOf(latitude, longitude, datum)).toBeNull();
  });
});

describe('on the ground', () => {
  it('distances are great circles: as atlases have them, symmetric, nothing from a point to itself', () => {
    expect(distanceKm(BEIJING, SHANGHAI)).toBeCloseTo(1067, -1);
    expect(distanceKm(SHANGHAI, BEIJING)).toBeCloseTo(distanceKm(BEIJING, SHANGHAI), 9);
    expect(distanceKm(BEIJING, BEIJING)).toBe(0);
    const [pole, equator] = [
      { latitude: 90, longitude: 0 },
      { latitude: 0, longitude: 50 },
    ];
    expect(distanceKm(pole, equator)).toBeCloseTo((6371.007 * Math.PI) / 2, 0);
  });

  it('a cell is the index that the makers of H3 give as their example', () => {
    expect(h3Cell({ latitude: 37.3615593, longitude: -122.0553238 }, 7)).toBe('87283472bffffff');
  });
});
