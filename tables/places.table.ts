import { defineTable, latitude, longitude, text } from 'riskgraph';

export default defineTable({
  description: 'Reference: the position of each city.',
  key: ['province', 'city'],
  position: { latitude: 'latitude', longitude: 'longitude', datum: 'WGS84' },
  columns: {
    province: text('The province'),
    city: text('The city'),
    latitude: latitude('The latitude in degrees, WGS84'),
    longitude: longitude('The longitude in degrees, WGS84'),
  },
});
