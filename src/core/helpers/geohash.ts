/**
 * Geohash cells. A point on the border of two cells is in the upper one, as in ClickHouse (`geohashEncode`), Redis and PostGIS; the
 * package `ngeohash` puts it in the lower one and wraps around the poles.
 */
import type { Position } from './datums.js';

/** The finest level: a cell of 4 by 2 centimetres. */
export const GEOHASH_LEVELS = 12;

const DIGITS = '0123456789bcdefghjkmnpqrstuvwxyz';
/** Bits of one character. */
const BITS = 5;

const isGeohashText = /^[0-9b-hjkmnp-z]{1,12}$/;

export const isGeohash = (text: string): boolean => isGeohashText.test(text);

/** South-west and north-east corner in degrees. */
export interface GeohashBox {
  readonly south: number;
  readonly west: number;
  readonly north: number;
  readonly east: number;
}

/** The geohash of a WGS84 position; level 1 (a continent) to 12. */
export function geohashOf({ latitude, longitude }: Position, level: number): string {
  const [lat, lon] = [new Halves(-90, 90), new Halves(-180, 180)];
  let text = '';
  for (let at = 0; at < level; at++) {
    let digit = 0;
    for (let bit = at * BITS; bit < (at + 1) * BITS; bit++) {
      const isUpper = bit % 2 === 0 ? longitude >= lon.middle : latitude >= lat.middle;
      (bit % 2 === 0 ? lon : lat).take(isUpper);
      digit = digit * 2 + Number(isUpper);
    }
    text += DIGITS[digit];
  }
  return text;
}

export function geohashBox(cell: string): GeohashBox {
  const [lat, lon] = [new Halves(-90, 90), new Halves(-180, 180)];
  [...cell].forEach((character, at) => {
    const digit = DIGITS.indexOf(character);
    for (let bit = 0; bit < BITS; bit++) {
      ((at * BITS + bit) % 2 === 0 ? lon : lat).take(((digit >> (BITS - 1 - bit)) & 1) === 1);
    }
  });
  return { south: lat.low, north: lat.high, west: lon.low, east: lon.high };
}

export function geohashCentre(cell: string): Position {
  const { south, west, north, east } = geohashBox(cell);
  return { latitude: (south + north) / 2, longitude: (west + east) / 2 };
}

/** The 32 cells of the next level; none of the finest. */
export const geohashChildren = (cell: string): readonly string[] =>
  cell.length === GEOHASH_LEVELS ? [] : [...DIGITS].map((digit) => cell + digit);

/**
 * The cells at most `rings` steps away in each direction, the cell itself first. East and west meet at 180 degrees; beyond a pole there is
 * none. Rings that go around the globe name each cell once.
 */
export function geohashDisk(cell: string, rings: number): readonly string[] {
  const { south, west, north, east } = geohashBox(cell);
  const [height, width] = [north - south, east - west];
  const centre = geohashCentre(cell);
  const cells = new Set([cell]);
  for (let up = -rings; up <= rings; up++) {
    const latitude = centre.latitude + up * height;
    if (Math.abs(latitude) > 90) continue;
    for (let right = -rings; right <= rings; right++) {
      const longitude = around(centre.longitude + right * width);
      cells.add(geohashOf({ latitude, longitude }, cell.length));
    }
  }
  return [...cells];
}

const around = (longitude: number): number => ((((longitude + 180) % 360) + 360) % 360) - 180;

/** An interval that is halved again and again. */
class Halves {
  constructor(
    public low: number,
    public high: number,
  ) {}

  get middle(): number {
    return (this.low + this.high) / 2;
  }

  take(isUpper: boolean): void {
    if (isUpper) this.low = this.middle;
    else this.high = this.middle;
  }
}
