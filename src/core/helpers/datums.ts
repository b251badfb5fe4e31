/**
 * Positions as Chinese apps report them. WGS84 is what the satellite says; GCJ-02 (Amap, Tencent) shifts it by 100 to 700 m, BD-09 (Baidu)
 * shifts GCJ-02 once more. The formulas are the ones in public use since the shift was worked out (eviltransform, coordtransform).
 */

/** Coordinate systems of positions. */
export const DATUMS = ['WGS84', 'GCJ02', 'BD09'] as const;
export type Datum = (typeof DATUMS)[number];

export interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

/** Krasovsky 1940: half the long axis in metres, and the square of the eccentricity. */
const AXIS = 6_378_245;
const ECCENTRICITY = 0.006_693_421_622_965_943;

/** Where the shift is applied at all: a box around China. */
const inChina = ({ latitude, longitude }: Position): boolean =>
  longitude > 72.004 && longitude < 137.8347 && latitude > 0.8293 && latitude < 55.8271;

/** WGS84 to GCJ-02; outside China nothing is shifted. */
export function wgs84ToGcj02(position: Position): Position {
  if (!inChina(position)) return position;
  const { latitude, longitude } = position;
  const x = longitude - 105;
  const y = latitude - 35;
  const radians = (latitude / 180) * Math.PI;
  const magic = 1 - ECCENTRICITY * Math.sin(radians) ** 2;
  const root = Math.sqrt(magic);
  return {
    latitude: latitude + (shiftOfLatitude(x, y) * 180) / (((AXIS * (1 - ECCENTRICITY)) / (magic * root)) * Math.PI),
    longitude: longitude + (shiftOfLongitude(x, y) * 180) / ((AXIS / root) * Math.cos(radians) * Math.PI),
  };
}

/** GCJ-02 to BD-09. */
export function gcj02ToBd09({ latitude, longitude }: Position): Position {
  const turn = (Math.PI * 3000) / 180;
  const radius = Math.hypot(longitude, latitude) + 0.00002 * Math.sin(latitude * turn);
  const angle = Math.atan2(latitude, longitude) + 0.000003 * Math.cos(longitude * turn);
  return { latitude: radius * Math.sin(angle) + 0.006, longitude: radius * Math.cos(angle) + 0.0065 };
}

/** The position that an app of that datum reports for a WGS84 position. */
export function inDatum(position: Position, datum: Datum): Position {
  if (datum === 'WGS84') return position;
  const shifted = wgs84ToGcj02(position);
  return datum === 'GCJ02' ? shifted : gcj02ToBd09(shifted);
}

/** Steps after which the inverse is within a millimetre: each divides the error by some thousands. */
const STEPS = 6;

/** The WGS84 position that an app of that datum reports as `position`: the inverse of `inDatum`, found by iteration, for no formula inverts the shift. */
export function fromDatum(position: Position, datum: Datum): Position {
  if (datum === 'WGS84') return position;
  let estimate = position;
  for (let step = 0; step < STEPS; step++) {
    const reported = inDatum(estimate, datum);
    estimate = {
      latitude: estimate.latitude + position.latitude - reported.latitude,
      longitude: estimate.longitude + position.longitude - reported.longitude,
    };
  }
  return estimate;
}

/** Metres, from degrees east of 105 and north of 35. */
const shiftOfLatitude = (x: number, y: number): number =>
  -100 +
  2 * x +
  3 * y +
  0.2 * y * y +
  0.1 * x * y +
  0.2 * Math.sqrt(Math.abs(x)) +
  ripple(x) +
  waves(y, [20, 40, 160, 320], [1, 3, 12, 30]);

const shiftOfLongitude = (x: number, y: number): number =>
  300 +
  x +
  2 * y +
  0.1 * x * x +
  0.1 * x * y +
  0.1 * Math.sqrt(Math.abs(x)) +
  ripple(x) +
  waves(x, [20, 40, 150, 300], [1, 3, 12, 30]);

const ripple = (x: number): number => ((20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI)) * 2) / 3;

function waves(
  z: number,
  heights: readonly [number, number, number, number],
  lengths: readonly [number, number, number, number],
): number {
  let sum = 0;
  for (let index = 0; index < 4; index++)
    sum += (heights[index] as number) * Math.sin((z / (lengths[index] as number)) * Math.PI);
  return (sum * 2) / 3;
}
