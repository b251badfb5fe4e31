/** Where a person is: at home, at work, on a journey; and how the person's app says so. */
import { inDatum, type Position } from '../src/core/helpers/datums.js';
import type { Instant } from '../src/core/helpers/time.js';
import { DAY } from '../src/core/helpers/time.js';
import type { Datum } from '../src/core/lending/sources.js';
import type { Book } from './book.js';
import type { Person } from './person.js';
import { type Place, pickPlace, placeNamed } from './places.js';
import type { Random } from './random.js';
import type { Row } from './rows.js';
import { homeKey, homePlace } from './ties.js';

/** Kilometres of one degree of latitude. */
const DEGREE_KM = 111.2;
/** Homes lie around the middle of the city with this deviation, and no farther than three of them. */
const CITY_KM = 5;
const LONGEST_KM = 3 * CITY_KM;
/** Days of one journey; in so many of them the person is in another city. */
const JOURNEY_DAYS = 9;
const AWAY = 0.05;

export type Spot = 'HOME' | 'WORK' | 'TRAVEL' | 'MOCK';

export interface Where {
  readonly spot: Spot;
  readonly place: Place;
  readonly position: Position;
}

export interface Haunts {
  readonly place: Place;
  readonly home: Position;
  readonly work: Position;
  readonly datum: Datum;
  /** By stretch of days: the journey of that time, null when at home. */
  readonly journeys: Map<number, Stay | null>;
}

interface Stay {
  readonly place: Place;
  readonly position: Position;
}

export function hauntsOf(book: Book, person: Person): Haunts {
  const key = homeKey(book, person.index);
  const place = placeNamed(person.row.province, person.row.city) ?? homePlace(book, person.index);
  const home = around(place, book.random('home', key), CITY_KM, LONGEST_KM);
  const random = book.random('haunts', person.index);
  return {
    place,
    home,
    work: around(place, random, CITY_KM * 0.8, LONGEST_KM),
    datum: random.weighted(DATUM_OF_APP),
    journeys: new Map(),
  };
}

/** Which map kit the app on that phone was built with. */
const DATUM_OF_APP: readonly (readonly [Datum, number])[] = [
  ['GCJ02', 55],
  ['WGS84', 30],
  ['BD09', 15],
];

/**
 * Where a person is at an instant: mostly at home, by day at work, now and then some days in another city. Fraudsters with a changed
 * position claim to be in a city of their choice.
 */
export function whereAt(
  book: Book,
  person: Person,
  haunts: Haunts,
  options: { readonly at: Instant; readonly hour: number; readonly random: Random },
): Where {
  const { at, hour, random } = options;
  if (person.ring && random.chance(0.2)) {
    const place = pickPlace(random);
    return { spot: 'MOCK', place, position: around(place, random, CITY_KM, LONGEST_KM) };
  }
  const away = journeyAt(book, person, haunts, at);
  if (away) return { spot: 'TRAVEL', ...away };
  const atWork = hour >= 9 && hour < 19 && random.chance(0.65);
  const base = atWork ? haunts.work : haunts.home;
  // A telephone knows its place to some tens of metres.
  return { spot: atWork ? 'WORK' : 'HOME', place: haunts.place, position: around(base, random, 0.03, 0.2) };
}

function journeyAt(book: Book, person: Person, { journeys }: Haunts, at: Instant): Stay | null {
  const stretch = Math.floor(at / (JOURNEY_DAYS * DAY));
  const known = journeys.get(stretch);
  if (known !== undefined) return known;
  const random = book.random('journey to', person.index, stretch);
  const place = random.chance(AWAY) ? pickPlace(random) : null;
  const stay = place && { place, position: around(place, random, CITY_KM, LONGEST_KM) };
  journeys.set(stretch, stay);
  return stay;
}

/** Latitude, longitude and datum as the app reports them, to a metre. */
export function reported(position: Position, datum: Datum): Row {
  const { latitude, longitude } = inDatum(position, datum);
  return { latitude: round(latitude), longitude: round(longitude), datum };
}

const round = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;

/** A point near another, normal in both directions and cut at the farthest distance. */
function around(middle: Position, random: Random, deviationKm: number, farthestKm: number): Position {
  const east = random.normal() * deviationKm;
  const north = random.normal() * deviationKm;
  const scale = Math.min(1, farthestKm / Math.hypot(east, north)) / DEGREE_KM;
  return {
    latitude: middle.latitude + north * scale,
    longitude: middle.longitude + (east * scale) / Math.cos((middle.latitude / 180) * Math.PI),
  };
}
