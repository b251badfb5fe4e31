import { defineFeatureView, float64, int32, raw, sql, string } from 'riskgraph';
import { customer } from '../entities.js';
import { gangLinks, gangMembers, verdictsInForce } from '../gangs.js';

export default defineFeatureView({
  entity: customer,
  description:
    'The gang of a customer: others whom shared identifiers tie to the customer, directly or through each other. Only links seen and defaults known ' +
    'by the as-of count, and never the default of the customer. A customer whom no identifier ties to another has no row.',
  owner: 'fraud-risk',
  tags: ['gang'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  absent: 'ends',
  features: {
    gang_id: string({ description: 'The gang, an id that is kept from day to day' }),
    gang_size: int32({ unit: 'customers', description: 'Members of the gang, the customer included' }),
    days_in_gang: int32({
      unit: 'days',
      description: 'Local days since the customer and another member had both been seen with one identifier',
    }),
    gang_age_days: int32({ unit: 'days', description: 'Local days since the first two members had' }),
    neighbours: int32({
      unit: 'customers',
      description: 'Other members who share an identifier with the customer: one hop',
    }),
    second_neighbours: int32({
      unit: 'customers',
      description: 'Members who share one with a neighbour and none with the customer: two hops',
    }),
    gang_density: float64({ unit: 'fraction', description: 'Pairs of members who share an identifier, of all pairs' }),
    core_number: int32({
      unit: 'customers',
      description: 'The largest k for which the customer is in a part of the gang where everyone has k neighbours',
    }),
    shared_identifiers: int32({
      unit: 'identifiers',
      description: 'Identifiers that the customer shares with other members',
    }),
    shared_devices: int32({ unit: 'identifiers', description: 'Devices among them' }),
    shared_phones: int32({
      unit: 'identifiers',
      description: 'Telephone numbers among them, own or named as a contact',
    }),
    shared_networks: int32({ unit: 'identifiers', description: 'WiFi networks among them' }),
    shared_addresses: int32({ unit: 'identifiers', description: 'Addresses among them' }),
    shared_accounts: int32({ unit: 'identifiers', description: 'Bank cards and payee accounts among them' }),
    customers_on_widest_device: int32({
      unit: 'customers',
      description: 'Customers on the shared device that has the most; 0 without a shared device',
    }),
    other_bad_members: int32({
      unit: 'customers',
      description: 'Other members who are known bad: 30 days past due once, written off, or judged',
    }),
    other_bad_share: float64({ unit: 'fraction', description: 'Their share of the other members' }),
    bad_neighbours: int32({ unit: 'customers', description: 'Neighbours who are known bad' }),
    distance_to_bad: int32({
      unit: 'identifiers',
      description: 'Identifiers on the shortest way to another member who is known bad; NULL where there is none',
    }),
    propagated_risk: float64({
      unit: 'fraction',
      description: 'Risk that flows in from other members who are known bad, over four steps, half of it each time',
    }),
    other_new_members_1d: int32({ unit: 'customers', description: 'Other members who joined in 1 day' }),
    other_new_members_7d: int32({ unit: 'customers', description: 'Other members who joined in 7 days' }),
    other_new_members_30d: int32({ unit: 'customers', description: 'Other members who joined in 30 days' }),
    other_applications_1d: int32({ unit: 'applications', description: 'Applications of other members in 1 day' }),
    other_applications_7d: int32({ unit: 'applications', description: 'Applications of other members in 7 days' }),
    other_applications_30d: int32({ unit: 'applications', description: 'Applications of other members in 30 days' }),
    gang_verdict: string({
      description:
        'What an investigator found of the gang: CONFIRMED, FALSE_ALARM or WATCH; NULL without a verdict in force',
    }),
  },
  query: (context) => {
    const { source, asOf, timezone } = context;
    const of = raw('OVER (PARTITION BY m.gang_id)');
    const joined = (days: number) =>
      sql`toInt32(countIf(m.joined_at > ${asOf.minusDays(days)}) ${of} - (m.joined_at > ${asOf.minusDays(days)}))`;
    const applied = (name: string) => sql`toInt32(sum(ifNull(a.${raw(name)}, 0)) ${of} - ifNull(a.${raw(name)}, 0))`;
    const shared = (types: string) => sql`toInt32(countIf(node_type IN (${raw(types)})))`;
    return sql`
      SELECT m.customer_id AS customer_id, m.gang_id AS gang_id, toInt32(count() ${of}) AS gang_size,
        toInt32(dateDiff('day', toDate(assumeNotNull(m.joined_at), ${timezone}), ${asOf.date})) AS days_in_gang,
        toInt32(dateDiff('day', toDate(assumeNotNull(min(m.joined_at) ${of}), ${timezone}), ${asOf.date})) AS gang_age_days,
        toInt32(m.neighbours) AS neighbours, toInt32(m.second_neighbours) AS second_neighbours,
        sum(m.neighbours) ${of} / (gang_size * (gang_size - 1)) AS gang_density, toInt32(m.core_number) AS core_number,
        toInt32(m.shared_identifiers) AS shared_identifiers,
        ifNull(l.devices, 0) AS shared_devices, ifNull(l.phones, 0) AS shared_phones, ifNull(l.networks, 0) AS shared_networks,
        ifNull(l.addresses, 0) AS shared_addresses, ifNull(l.accounts, 0) AS shared_accounts, ifNull(l.widest, 0) AS customers_on_widest_device,
        toInt32(sum(m.known_bad) ${of} - m.known_bad) AS other_bad_members, other_bad_members / (gang_size - 1) AS other_bad_share,
        toInt32(m.bad_neighbours) AS bad_neighbours, CAST(m.distance_to_bad, 'Nullable(Int32)') AS distance_to_bad, m.propagated_risk AS propagated_risk,
        ${joined(1)} AS other_new_members_1d, ${joined(7)} AS other_new_members_7d, ${joined(30)} AS other_new_members_30d,
        ${applied('applied_1d')} AS other_applications_1d, ${applied('applied_7d')} AS other_applications_7d,
        ${applied('applied_30d')} AS other_applications_30d, v.verdict AS gang_verdict
      FROM ${gangMembers(context)} AS m
      LEFT JOIN (
        SELECT customer_id, ${shared("'DEVICE'")} AS devices, ${shared("'PHONE'")} AS phones, ${shared("'WIFI'")} AS networks,
          ${shared("'ADDRESS'")} AS addresses, ${shared("'BANK_CARD', 'PAYEE_ACCOUNT'")} AS accounts, toInt32(maxIf(degree, node_type = 'DEVICE')) AS widest
        FROM ${gangLinks(context)} GROUP BY customer_id) AS l ON m.customer_id = l.customer_id
      LEFT JOIN (
        SELECT customer_id, countIf(applied_at > ${asOf.minusDays(1)}) AS applied_1d, countIf(applied_at > ${asOf.minusDays(7)}) AS applied_7d,
          count() AS applied_30d
        FROM ${source('applications', { columns: ['customer_id', 'applied_at'] })} WHERE applied_at > ${asOf.minusDays(30)} GROUP BY customer_id
      ) AS a ON m.customer_id = a.customer_id
      LEFT JOIN ${verdictsInForce(context)} AS v ON m.gang_id = v.gang_id`;
  },
});
