/** The entities that features describe, with their join keys. The folder of a view is its entity. */
import { defineEntity } from 'riskgraph';

export const customer = defineEntity({
  name: 'customer',
  joinKeys: ['customer_id'],
  description: 'A person who applied or borrows, with one id across products.',
});

export const device = defineEntity({
  name: 'device',
  joinKeys: ['device_id'],
  description: "A phone, as the device-id service knows it; the maker's identifiers are attributes, never the key.",
});

export const customerDevice = defineEntity({
  name: 'customer_device',
  joinKeys: ['customer_id', 'device_id'],
  description: 'A customer on a device: the risk of the device, without that customer.',
});

export const loan = defineEntity({
  name: 'loan',
  joinKeys: ['loan_id'],
  description: 'A disbursed contract.',
});

export const application = defineEntity({
  name: 'application',
  joinKeys: ['application_id'],
  description: 'A request for credit, a drawdown or a loan.',
});

export const cell = defineEntity({
  name: 'cell',
  joinKeys: ['cell'],
  description: 'An H3 cell or geohash made from WGS84 coordinates.',
});

export const gang = defineEntity({
  name: 'gang',
  joinKeys: ['gang_id'],
  description: 'A connected group of customers who share strong identifiers.',
});

export const identifier = defineEntity({
  name: 'identifier',
  joinKeys: ['identifier_type', 'identifier'],
  description: 'A hashed phone, address, card, network or other node that links customers.',
});
