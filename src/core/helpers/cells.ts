/**
 * The one place that makes cells of positions: for imports, for request inputs and for maps. A position becomes WGS84 and its finest cells once;
 * every coarser cell is their parent by index. H3 children do not fill their parent exactly, so a cell that is made of the position
 * anew at a coarser resolution may be another one.
 */
import { cellToParent, latLngToCell } from 'h3-js';
import { DATUMS, type Datum, fromDatum, type Position } from './datums.js';
import { GEOHASH_LEVELS, geohashOf } from './geohash.js';

/** The finest resolution of H3: about a square metre. */
export const H3_FINEST = 15;

/**
 * What became of a reported position: VALID, or why it is none. SWAPPED: latitude and longitude of a place in China, in each other's place.
 * UNKNOWN_DATUM: without its datum it may be 700 m off.
 */
export const POSITION_STATUSES = [
  'VALID',
  'ABSENT',
  'INCOMPLETE',
  'OUT_OF_RANGE',
  'SWAPPED',
  'ZERO',
  'MOCKED',
  'UNKNOWN_DATUM',
] as const;
export type PositionStatus = (typeof POSITION_STATUSES)[number];

/** A position as an app reports it, in degrees. */
export interface ReportedPosition {
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly datum: string | null;
  /** True where the device says that its position is made up. */
  readonly mocked?: boolean;
}

/** WGS84 in degrees, the H3 cell of resolution 15 in hex, and the geohash of level 12. */
export interface Place extends Position {
  readonly h3: string;
  readonly geohash: string;
}

const isDatum = (text: string | null): text is Datum => DATUMS.includes(text as Datum);

/** Degrees between which China lies: no place on land but Svalbard has its swapped coordinates. */
const CHINA = { latitude: [3, 54], longitude: [73, 136] } as const;

const within = (value: number, [from, to]: readonly [number, number]): boolean => value >= from && value <= to;

export function positionStatus({ latitude, longitude, datum, mocked = false }: ReportedPosition): PositionStatus {
  if (latitude === null && longitude === null) return 'ABSENT';
  if (latitude === null || longitude === null) return 'INCOMPLETE';
  if (within(latitude, CHINA.longitude) && within(longitude, CHINA.latitude)) return 'SWAPPED';
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return 'OUT_OF_RANGE';
  if (latitude === 0 && longitude === 0) return 'ZERO';
  if (mocked) return 'MOCKED';
  return isDatum(datum) ? 'VALID' : 'UNKNOWN_DATUM';
}

/** The place of a reported position; null where it is no position, and `positionStatus` says why. */
export function placeOf(report: ReportedPosition): Place | null {
  if (positionStatus(report) !== 'VALID') return null;
  const { latitude, longitude, datum } = report as Position & { readonly datum: Datum };
  const position = fromDatum({ latitude, longitude }, datum);
  return {
    ...position,
    h3: latLngToCell(position.latitude, position.longitude, H3_FINEST),
    geohash: geohashOf(position, GEOHASH_LEVELS),
  };
}

/** The H3 cell of a place, hex, at a resolution from 0 (continents) to 15. */
export const h3At = ({ h3 }: Pick<Place, 'h3'>, resolution: number): string => cellToParent(h3, resolution);

/** The geohash of a place, at a level from 1 to 12. */
export const geohashAt = ({ geohash }: Pick<Place, 'geohash'>, level: number): string => geohash.slice(0, level);
