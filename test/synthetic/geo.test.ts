import { describe, expect, it } from 'vitest';
import { gcj02ToBd09, inDatum, type Position, wgs84ToGcj02 } from '../../src/core/helpers/datums.js';
import { BusinessCalendar } from '../../src/core/helpers/time.js';
import { applicationContext } from '../../synthetic/application-context.js';
import { Book } from '../../synthetic/book.js';
import { lifeOf } from '../../synthetic/simulate.js';
import { referenceRows, surroundingRows } from '../../synthetic/surroundings.js';
import { familyOf, homePlace } from '../../synthetic/ties.js';

const CUSTOMERS = 1_000;
const book = new Book({
  seed: 7,
  endDate: '2026-03-16',
  customers: CUSTOMERS,
  calendar: new BusinessCalendar('Asia/Shanghai'),
});
const lives = Array.from({ length: CUSTOMERS }, (_, index) => lifeOf(book, index));
const share = <T>(all: readonly T[], of: (one: T) => boolean): number => all.filter(of).length / all.length;

/** Kilometres between two points, on a ball. */
function distanceKm(one: Position, other: Position): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const a =
    Math.sin(radians(other.latitude - one.latitude) / 2) ** 2 +
    Math.cos(radians(one.latitude)) *
      Math.cos(radians(other.latitude)) *
      Math.sin(radians(other.longitude - one.longitude) / 2) ** 2;
  return 2 * 6371 * Math.asin(Math.sqrt(a));
}

describe('positions of the synthetic portfolio', () => {
  const cities = (referenceRows().places ?? []) as unknown as (Position & { province: string; city: string })[];

  it('have some sixty real cities to be in, none where another is', () => {
    expect(cities.length).toBeGreaterThan(40);
    const byName = new Map(cities.map((place) => [place.city, place]));
    // Great-circle distances as atlases print them.
    expect(distanceKm(byName.get('Beijing') as Position, byName.get('Shanghai') as Position)).toBeCloseTo(1067, -1.5);
    expect(distanceKm(byName.get('Guangzhou') as Position, byName.get('Shenzhen') as Position)).toBeCloseTo(105, -1.5);
    for (const one of cities) {
      for (const other of cities) if (one !== other) expect(distanceKm(one, other)).toBeGreaterThan(15);
    }
  });

  it('of an application lie near the city that it names', () => {
    const places = new Map(cities.map((place) => [`${place.province} ${place.city}`, place]));
    const [distances, named]: [number[], string[]] = [[], []];
    for (const life of lives) {
      for (const application of life.applications) {
        const context = applicationContext(book, life, application);
        const place = places.get(`${context.province} ${context.city}`) as Position;
        named.push(String(context.city));
        if (context.latitude !== undefined) distances.push(distanceKm(place, context as unknown as Position));
      }
    }
    expect(Math.max(...distances)).toBeLessThan(18);
    expect(new Set(named).size).toBeGreaterThan(40);
    expect(distances.length / named.length).toBeCloseTo(0.9, 1);
  });

  it('of customers are mostly in the city where they live', () => {
    const homes = new Map(lives.map(({ person }) => [person.id, person.row.city]));
    const honest = lives.filter(({ person }) => !person.ring);
    const contexts = honest.flatMap((life) =>
      life.applications.map(
        (application) => applicationContext(book, life, application).city === homes.get(life.person.id),
      ),
    );
    expect(share(contexts, (same) => same)).toBeGreaterThan(0.9);
    expect(share(contexts, (same) => same)).toBeLessThan(0.99);
  });

  it('come in three datums', () => {
    const events = lives.slice(0, 200).flatMap((life) => surroundingRows(book, life).events ?? []);
    expect([...new Set(events.map((row) => row.datum))].sort()).toEqual(['BD09', 'GCJ02', 'WGS84', undefined]);
  });

  it('of a family with one address are in one city', () => {
    const heads = lives.map(({ person }) => familyOf(book, person.index)?.head ?? person.index);
    const moved = lives.filter(({ person }) => {
      const family = familyOf(book, person.index);
      return family?.sharesAddress && person.row.city !== homePlace(book, heads[person.index] as number).city;
    });
    expect(heads.filter((head, index) => head !== index).length).toBeGreaterThan(20);
    expect(moved).toEqual([]);
  });

  it('are converted as the published constants say, and back again', () => {
    // The example of the coordtransform library.
    const tiananmen = { latitude: 39.915, longitude: 116.404 };
    const gcj = wgs84ToGcj02(tiananmen);
    expect(gcj.longitude).toBeCloseTo(116.41024449916938, 9);
    expect(gcj.latitude).toBeCloseTo(39.91640428150164, 9);
    const bd = gcj02ToBd09(tiananmen);
    expect(bd.longitude).toBeCloseTo(116.41036949371029, 9);
    expect(bd.latitude).toBeCloseTo(39.92133699351021, 9);
    for (const place of cities) {
      for (const datum of ['WGS84', 'GCJ02', 'BD09'] as const) {
        const shown = inDatum(place, datum);
        if (datum !== 'WGS84') expect(distanceKm(place, shown)).toBeGreaterThan(0.05);
        expect(distanceKm(place, shown)).toBeLessThan(2);
        let back: Position = shown;
        for (let round = 0; round < 30; round++) {
          const again = inDatum(back, datum);
          back = {
            latitude: back.latitude + shown.latitude - again.latitude,
            longitude: back.longitude + shown.longitude - again.longitude,
          };
        }
        expect(distanceKm(place, back)).toBeLessThan(0.001);
      }
    }
    expect(wgs84ToGcj02({ latitude: 51.5, longitude: -0.1 })).toEqual({ latitude: 51.5, longitude: -0.1 });
  });
});
