import { defineFeatureView, float64, int32, sql, string } from 'riskgraph';
import { identifier } from '../entities.js';
import { gangMembers, verdictsInForce } from '../gangs.js';
import { openIdentifiers } from './open-identifiers.js';

export default defineFeatureView({
  entity: identifier,
  description:
    'The gangs that one more customer with an identifier would be tied to, so that an applicant whom the book does not know is judged by the identifiers of ' +
    'the application. One row an identifier of a member of a gang, as identifier_type and identifier of identifier_links; a number that is named as a ' +
    'contact is a PHONE. A supernode, a trusted identifier and a value for nothing have no row. A row counts all customers on the identifier, the one who ' +
    'applies too where the book knows the customer: for such a one read gang_membership@1.',
  owner: 'fraud-risk',
  tags: ['gang', 'application'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  absent: 'ends',
  features: {
    customers: int32({ unit: 'customers', description: 'Customers who were seen with the identifier' }),
    days_since_seen: int32({
      unit: 'days',
      description: 'Local days since a customer was last seen with it',
    }),
    known_bad_customers: int32({
      unit: 'customers',
      description:
        'Customers with the identifier who are in a gang and known bad: 30 days past due once, written off, or judged',
    }),
    gangs: int32({
      unit: 'gangs',
      description: 'Gangs that the identifier touches: one more customer would merge them',
    }),
    gang_id: string({ description: 'The largest of these gangs' }),
    gang_customers: int32({
      unit: 'customers',
      description: 'Members of these gangs, and customers with the identifier who are in none',
    }),
    gang_known_bad: int32({ unit: 'customers', description: 'Members of these gangs who are known bad' }),
    gang_bad_share: float64({ unit: 'fraction', description: 'Share of gang_customers who are gang_known_bad' }),
    gang_age_days: int32({
      unit: 'days',
      description: 'Local days since the first two members of the oldest of these gangs were tied',
    }),
    gang_new_members_7d: int32({ unit: 'customers', description: 'Members of these gangs who joined in 7 days' }),
    gang_new_members_30d: int32({ unit: 'customers', description: 'Members of these gangs who joined in 30 days' }),
    gang_verdict: string({
      description:
        'What an investigator found of gang_id: CONFIRMED, FALSE_ALARM or WATCH; NULL without a verdict in force',
    }),
  },
  query: (context) => {
    const { asOf, timezone } = context;
    const gangs = sql`
      SELECT gang_id, toInt32(count()) AS members, toInt32(sum(known_bad)) AS bad, assumeNotNull(min(joined_at)) AS first_tie,
        toInt32(countIf(joined_at > ${asOf.minusDays(7)})) AS joined_7d, toInt32(countIf(joined_at > ${asOf.minusDays(30)})) AS joined_30d
      FROM ${gangMembers(context)} GROUP BY gang_id`;
    return sql`
      SELECT i.identifier_type AS identifier_type, i.identifier AS identifier, i.customers AS customers, i.days_since_seen AS days_since_seen,
        i.known_bad AS known_bad_customers, i.gangs AS gangs, i.gang_id AS gang_id, i.gang_customers AS gang_customers, i.gang_known_bad AS gang_known_bad,
        i.gang_known_bad / i.gang_customers AS gang_bad_share, i.gang_age_days AS gang_age_days, i.joined_7d AS gang_new_members_7d,
        i.joined_30d AS gang_new_members_30d, v.verdict AS gang_verdict
      FROM (
        SELECT t.node_type AS identifier_type, t.identifier AS identifier, toInt32(any(t.degree)) AS customers,
          toInt32(any(dateDiff('day', toDate(t.last_seen, ${timezone}), ${asOf.date}))) AS days_since_seen, toInt32(sum(t.known_bad)) AS known_bad,
          toInt32(count()) AS gangs, argMax(g.gang_id, (g.members, g.gang_id)) AS gang_id,
          toInt32(sum(g.members) + any(t.degree) - sum(t.inside)) AS gang_customers, toInt32(sum(g.bad)) AS gang_known_bad,
          toInt32(max(dateDiff('day', toDate(g.first_tie, ${timezone}), ${asOf.date}))) AS gang_age_days,
          toInt32(sum(g.joined_7d)) AS joined_7d, toInt32(sum(g.joined_30d)) AS joined_30d
        FROM (
          SELECT u.node_type AS node_type, u.identifier AS identifier, m.gang_id AS gang_id, any(u.degree) AS degree, any(u.last_seen) AS last_seen,
            sum(m.known_bad) AS known_bad, count() AS inside
          FROM ${openIdentifiers(context)} AS u
          INNER JOIN ${gangMembers(context)} AS m ON u.customer_id = m.customer_id
          GROUP BY u.node_type, u.identifier, m.gang_id) AS t
        INNER JOIN (${gangs}) AS g ON t.gang_id = g.gang_id
        GROUP BY t.node_type, t.identifier) AS i
      LEFT JOIN ${verdictsInForce(context)} AS v ON i.gang_id = v.gang_id`;
  },
});
