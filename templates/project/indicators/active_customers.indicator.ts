import { defineIndicator, sql } from 'riskgraph';

export default defineIndicator({
  domain: 'usage',
  description: 'Customers with at least one event in the period, each counted once.',
  owner: 'risk',
  unit: 'count',
  stock: false,
  finestGrain: 'DAY',
  from: ({ source, timezone }) => sql`
    SELECT toDate(event_time, ${timezone}) AS date, customer_id FROM ${source('events')} WHERE customer_id IS NOT NULL`,
  numerator: 'uniqExact(customer_id)',
  dimensions: {},
});
