/** Positions that apps report, as WGS84 positions, H3 cells and distances, whatever the app's datum. */
import { greatCircleDistance, latLngToCell, UNITS } from 'h3-js';
import { DATUMS, type Datum, fromDatum, type Position } from './datums.js';

const isDatum = (text: string | null): text is Datum => DATUMS.includes(text as Datum);

/**
 * The WGS84 position of a report; null where a part is missing, out of range or of an unknown datum (which may be 700 m off), and for 0, 0,
 * which apps send when they have none.
 */
export function positionOf(latitude: number | null, longitude: number | null, datum: string | null): Position | null {
  if (latitude === null || longitude === null || !isDatum(datum)) return null;
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180 || (latitude === 0 && longitude === 0)) return null;
  return fromDatum({ latitude, longitude }, datum);
}

/** Great-circle distance in kilometres by the haversine formula, on a sphere of H3's mean radius of 6371.007 km. */
export const distanceKm = (from: Position, to: Position): number =>
  greatCircleDistance([from.latitude, from.longitude], [to.latitude, to.longitude], UNITS.km);

/** H3 index, hex, of a WGS84 position; resolution 0 (continents) to 15 (a square metre). */
export const h3Cell = ({ latitude, longitude }: Position, resolution: number): string =>
  latLngToCell(latitude, longitude, resolution);
