import { boolean, defineOnDemandView, float64, input, string } from 'riskgraph';
import { geohashAt, h3At, placeOf, positionStatus } from 'riskgraph/cells';
import { distanceKm } from 'riskgraph/geo';
import { customer } from '../entities.js';

/** Hexagons of 0.7 km², and rectangles of about 1 by 0.6 km. */
const RESOLUTION = 8;
const LEVEL = 6;
/** Beyond a city's width. */
const FAR_KM = 50;
const NO_PLACE = 'a distance says no place';
const POSITION = ['latitude', 'longitude', 'datum', 'is_mock_location'] as const;

export default defineOnDemandView({
  entity: customer,
  description:
    'The place of an application, by the GPS of the request, and how far it is from where the customer lives, works and says to live. A position that is out ' +
    'of range, swapped, at 0 and 0 or made up is none. Distances are declassified: who may choose the position of a request can find a home by three of them.',
  owner: 'fraud-risk',
  tags: ['application', 'place'],
  request: {
    latitude: float64({
      unit: 'degrees',
      tags: ['pii'],
      description: 'Position of the application, in the datum given',
    }),
    longitude: float64({
      unit: 'degrees',
      tags: ['pii'],
      description: 'Position of the application, in the datum given',
    }),
    datum: string({ description: 'WGS84, GCJ02 or BD09; any other, and NULL, is no position' }),
    is_mock_location: boolean({ description: 'The device says that its position is made up; NULL is no' }),
  },
  inputs: {
    home_latitude: input('FLOAT64', 'customer_places@1:home_latitude'),
    home_longitude: input('FLOAT64', 'customer_places@1:home_longitude'),
    work_latitude: input('FLOAT64', 'customer_places@1:work_latitude'),
    work_longitude: input('FLOAT64', 'customer_places@1:work_longitude'),
    city_latitude: input('FLOAT64', 'customer_places@1:city_latitude'),
    city_longitude: input('FLOAT64', 'customer_places@1:city_longitude'),
  },
  features: {
    cell: string({
      tags: ['pii'],
      description: `H3 cell of resolution ${RESOLUTION}, hex, of the application; NULL without a position`,
    }),
    geohash: string({
      tags: ['pii'],
      description: `Geohash of level ${LEVEL} of the application; NULL without a position`,
    }),
    position_status: string({
      declassify: 'a status says no place',
      description:
        'VALID, or why the request has no position: ABSENT, INCOMPLETE, OUT_OF_RANGE, SWAPPED, ZERO, MOCKED, UNKNOWN_DATUM',
    }),
    distance_from_home_km: float64({
      unit: 'km',
      declassify: NO_PLACE,
      description: 'Great-circle distance from where the customer sleeps; NULL without either position',
    }),
    distance_from_work_km: float64({
      unit: 'km',
      declassify: NO_PLACE,
      description: 'Great-circle distance from where the customer works; NULL without either position',
    }),
    distance_from_city_km: float64({
      unit: 'km',
      declassify: NO_PLACE,
      description: 'Great-circle distance from the declared city; NULL without either position',
    }),
    far_from_home: boolean({
      declassify: NO_PLACE,
      description: `Farther than ${FAR_KM} km from where the customer sleeps; NULL without either position`,
    }),
  },
  reads: { cell: POSITION, geohash: POSITION, position_status: POSITION },
  compute: ({ latitude, longitude, datum, is_mock_location, ...known }) => {
    const report = { latitude, longitude, datum, mocked: is_mock_location === true };
    const here = placeOf(report);
    const from = (lat: number | null, lon: number | null): number | null =>
      here && lat !== null && lon !== null ? distanceKm(here, { latitude: lat, longitude: lon }) : null;
    const home = from(known.home_latitude, known.home_longitude);
    return {
      cell: here && h3At(here, RESOLUTION),
      geohash: here && geohashAt(here, LEVEL),
      position_status: positionStatus(report),
      distance_from_home_km: home,
      distance_from_work_km: from(known.work_latitude, known.work_longitude),
      distance_from_city_km: from(known.city_latitude, known.city_longitude),
      far_from_home: home === null ? null : home > FAR_KM,
    };
  },
});
