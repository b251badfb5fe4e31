import { boolean, defineOnDemandView, float64, input, string } from 'riskgraph';
import { distanceKm, h3Cell, positionOf } from 'riskgraph/geo';
import { customer } from '../entities.js';

/** Hexagons of about 0.1 km²: some blocks of a city. */
const RESOLUTION = 9;
/** Beyond a city's width. */
const FAR_KM = 50;

export default defineOnDemandView({
  entity: customer,
  description:
    'The place of an application, by the GPS of the request, and its distance from where the customer sleeps.',
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
  },
  inputs: {
    home_latitude: input('FLOAT64', 'home_location@1:latitude'),
    home_longitude: input('FLOAT64', 'home_location@1:longitude'),
    home_datum: input('STRING', 'home_location@1:datum'),
  },
  features: {
    cell: string({
      tags: ['pii'],
      description: `H3 cell of resolution ${RESOLUTION}, hex, of the application in WGS84; NULL without a position`,
    }),
    distance_from_home_km: float64({
      unit: 'km',
      tags: ['pii'],
      description: 'Great-circle distance from where the customer sleeps; NULL without either position',
    }),
    far_from_home: boolean({
      tags: ['pii'],
      description: `Farther than ${FAR_KM} km from where the customer sleeps; NULL without either position`,
    }),
  },
  compute: ({ latitude, longitude, datum, home_latitude, home_longitude, home_datum }) => {
    const here = positionOf(latitude, longitude, datum);
    const home = positionOf(home_latitude, home_longitude, home_datum);
    const distance = here && home && distanceKm(here, home);
    return {
      cell: here && h3Cell(here, RESOLUTION),
      distance_from_home_km: distance,
      far_from_home: distance === null ? null : distance > FAR_KM,
    };
  },
});
