import { decimal, defineFeatureView, float64, int32, raw, sql, string } from 'riskgraph';
import { gang } from '../entities.js';
import { gangLinks, gangMembers, verdictsInForce } from '../gangs.js';

/** The newest snapshot of an open loan lies so many days back at most. */
const NEWEST_WITHIN_DAYS = 3;
/** First instalments unpaid so many days after their due date. */
const FPD_DAYS = 7;
/** Hexagons of 0.7 km². */
const RESOLUTION = 8;

export default defineFeatureView({
  entity: gang,
  description:
    'A gang as a whole: its members, what ties them, how it grew, what its members applied for and how they repay, as known by the as-of. A row counts ' +
    'all members: for a decision on one of them read gang_membership@1, which leaves out the default of the customer who is judged.',
  owner: 'fraud-risk',
  tags: ['gang'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  absent: 'ends',
  features: {
    members: int32({ unit: 'customers', description: 'Customers of the gang' }),
    known_bad_members: int32({
      unit: 'customers',
      description: 'Members who are known bad: 30 days past due once, written off, or judged',
    }),
    bad_share: float64({ unit: 'fraction', description: 'Known bad members, of all members' }),
    age_days: int32({ unit: 'days', description: 'Local days since the first two members were tied' }),
    new_members_1d: int32({ unit: 'customers', description: 'Members who joined in 1 day' }),
    new_members_7d: int32({ unit: 'customers', description: 'Members who joined in 7 days' }),
    new_members_30d: int32({ unit: 'customers', description: 'Members who joined in 30 days' }),
    density: float64({ unit: 'fraction', description: 'Pairs of members who share an identifier, of all pairs' }),
    core_number: int32({
      unit: 'customers',
      description: 'The largest k for which a part of the gang has k neighbours for everyone in it',
    }),
    mean_propagated_risk: float64({
      unit: 'fraction',
      description: 'Mean over the members of the risk that flows in from others who are known bad',
    }),
    shared_identifiers: int32({ unit: 'identifiers', description: 'Identifiers that two members or more share' }),
    shared_devices: int32({ unit: 'identifiers', description: 'Devices among them' }),
    shared_phones: int32({
      unit: 'identifiers',
      description: 'Telephone numbers among them, own or named as a contact',
    }),
    shared_networks: int32({ unit: 'identifiers', description: 'WiFi networks among them' }),
    shared_addresses: int32({ unit: 'identifiers', description: 'Addresses among them' }),
    shared_accounts: int32({ unit: 'identifiers', description: 'Bank cards and payee accounts among them' }),
    customers_on_widest_identifier: int32({
      unit: 'customers',
      description: 'Customers on the shared identifier that has the most',
    }),
    applications_1d: int32({ unit: 'applications', description: 'Applications of members in 1 day' }),
    applications_7d: int32({ unit: 'applications', description: 'Applications of members in 7 days' }),
    applications_30d: int32({ unit: 'applications', description: 'Applications of members in 30 days' }),
    decided_90d: int32({
      unit: 'applications',
      description: 'Applications of members in 90 days that were APPROVED or DECLINED by the as-of',
    }),
    approval_rate_90d: float64({
      unit: 'fraction',
      description: 'Approved share of decided_90d; NULL without a decided one',
    }),
    same_cell_share: float64({
      unit: 'fraction',
      description:
        `Share of the members with a valid position whose newest application in 400 days lies in the H3 cell of resolution ${RESOLUTION} that most of them ` +
        'have in common; NULL with fewer than 2 such members',
    }),
    borrowers: int32({ unit: 'customers', description: 'Members with a loan on book' }),
    exposure: decimal({
      unit: 'CNY',
      description: 'Unpaid principal, due or not, of the loans on book of the members',
    }),
    overdue_exposure: decimal({ unit: 'CNY', description: 'Part of the exposure on loans that are past due' }),
    matured_members: int32({
      unit: 'customers',
      description: `Members with a loan of 400 days whose first instalment was due ${FPD_DAYS} days ago or earlier`,
    }),
    fpd7_members: int32({
      unit: 'customers',
      description: `Matured members with a first instalment that was unpaid ${FPD_DAYS} days after its due date`,
    }),
    fpd7_rate: float64({
      unit: 'fraction',
      description: 'Share of the matured members who are fpd7_members; NULL without a matured one',
    }),
    verdict: string({
      description: 'What an investigator found: CONFIRMED, FALSE_ALARM or WATCH; NULL without a verdict in force',
    }),
  },
  query: (context) => {
    const { source, asOf, timezone } = context;
    const days = (count: number) => raw(String(count));
    const joined = (count: number) => sql`toInt32(countIf(joined_at > ${asOf.minusDays(count)}))`;
    const applied = (count: number) => sql`toInt32(countIf(applied_at > ${asOf.minusDays(count)}))`;
    const shared = (types: string) => sql`toInt32(countIf(node_type IN (${raw(types)})))`;
    const of = sql`(SELECT customer_id, gang_id FROM ${gangMembers(context)})`;
    const ties = sql`
      SELECT gang_id, toInt32(count()) AS identifiers, ${shared("'DEVICE'")} AS devices, ${shared("'PHONE'")} AS phones, ${shared("'WIFI'")} AS networks,
        ${shared("'ADDRESS'")} AS addresses, ${shared("'BANK_CARD', 'PAYEE_ACCOUNT'")} AS accounts, toInt32(max(degree)) AS widest
      FROM (
        SELECT m.gang_id AS gang_id, node_type, identifier, any(degree) AS degree FROM ${gangLinks(context)} AS l
        INNER JOIN ${of} AS m ON l.customer_id = m.customer_id GROUP BY m.gang_id, node_type, identifier HAVING count() > 1)
      GROUP BY gang_id`;
    const applications = sql`
      SELECT m.gang_id AS gang_id, ${applied(1)} AS applied_1d, ${applied(7)} AS applied_7d, ${applied(30)} AS applied_30d,
        toInt32(countIf(applied_at > ${asOf.minusDays(90)} AND decision IN ('APPROVED', 'DECLINED'))) AS decided,
        countIf(applied_at > ${asOf.minusDays(90)} AND decision = 'APPROVED') AS approved
      FROM (SELECT customer_id, applied_at, decision FROM ${source('applications', { columns: ['application_id', 'customer_id', 'applied_at', 'decision'] })}
        WHERE applied_at > ${asOf.minusDays(90)}) AS a
      INNER JOIN ${of} AS m ON a.customer_id = m.customer_id GROUP BY m.gang_id`;
    // A member is where the newest position is, so that one who applies often weighs no more than another.
    const cells = sql`
      SELECT gang_id, sum(there) AS placed, max(there) AS together FROM (
        SELECT m.gang_id AS gang_id, a.cell AS cell, count() AS there FROM (
          SELECT customer_id, argMax(h3ToParent(stringToH3(assumeNotNull(h3)), ${days(RESOLUTION)}), (applied_at, application_id)) AS cell
          FROM ${source('applications')} WHERE applied_at > ${asOf.minusDays(400)} AND position_status = 'VALID' GROUP BY customer_id) AS a
        INNER JOIN ${of} AS m ON a.customer_id = m.customer_id GROUP BY m.gang_id, a.cell)
      GROUP BY gang_id`;
    const owed = sql`
      SELECT m.gang_id AS gang_id, toInt32(uniqExact(l.customer_id)) AS borrowers, sum(l.principal_outstanding) AS principal,
        sumIf(l.principal_outstanding, l.dpd > 0) AS overdue
      FROM (SELECT loan_id, customer_id, status, dpd, principal_outstanding
        FROM ${source('loan_snapshots', { where: sql`as_of >= ${asOf.date} - ${days(NEWEST_WITHIN_DAYS)}` })} ORDER BY as_of DESC LIMIT 1 BY loan_id) AS l
      INNER JOIN ${of} AS m ON l.customer_id = m.customer_id WHERE l.status IN ('CURRENT', 'OVERDUE') GROUP BY m.gang_id`;
    // At the end of that day the oldest unpaid instalment is the first one where it is so many days past due.
    const first = sql`
      SELECT m.gang_id AS gang_id, toInt32(uniqExact(i.customer_id)) AS matured, toInt32(uniqExactIf(i.customer_id, s.dpd >= ${days(FPD_DAYS)})) AS unpaid
      FROM (SELECT loan_id, argMin(customer_id, effective_at) AS customer_id, argMin(due_date, effective_at) + ${days(FPD_DAYS)} AS judged
        FROM ${source('installments')} WHERE installment_no = 1 GROUP BY loan_id) AS i
      INNER JOIN ${of} AS m ON i.customer_id = m.customer_id
      INNER JOIN ${source('loan_snapshots', { where: sql`as_of >= ${asOf.date} - 400` })} AS s ON i.loan_id = s.loan_id AND i.judged = s.as_of
      GROUP BY m.gang_id`;
    return sql`
      SELECT g.gang_id AS gang_id, g.members AS members, g.known_bad AS known_bad_members, g.known_bad / g.members AS bad_share,
        toInt32(dateDiff('day', toDate(g.first_tie, ${timezone}), ${asOf.date})) AS age_days, g.joined_1d AS new_members_1d, g.joined_7d AS new_members_7d,
        g.joined_30d AS new_members_30d, if(g.members > 1, g.ties / (g.members * (g.members - 1)), 0) AS density, g.core AS core_number,
        g.risk AS mean_propagated_risk, ifNull(t.identifiers, 0) AS shared_identifiers, ifNull(t.devices, 0) AS shared_devices,
        ifNull(t.phones, 0) AS shared_phones, ifNull(t.networks, 0) AS shared_networks, ifNull(t.addresses, 0) AS shared_addresses,
        ifNull(t.accounts, 0) AS shared_accounts, ifNull(t.widest, 0) AS customers_on_widest_identifier, ifNull(a.applied_1d, 0) AS applications_1d,
        ifNull(a.applied_7d, 0) AS applications_7d, ifNull(a.applied_30d, 0) AS applications_30d, ifNull(a.decided, 0) AS decided_90d,
        if(a.decided > 0, a.approved / a.decided, NULL) AS approval_rate_90d, if(c.placed > 1, c.together / c.placed, NULL) AS same_cell_share,
        ifNull(o.borrowers, 0) AS borrowers, toDecimal64(ifNull(o.principal, 0), 2) AS exposure, toDecimal64(ifNull(o.overdue, 0), 2) AS overdue_exposure,
        ifNull(f.matured, 0) AS matured_members, ifNull(f.unpaid, 0) AS fpd7_members, if(f.matured > 0, f.unpaid / f.matured, NULL) AS fpd7_rate,
        v.verdict AS verdict
      FROM (
        SELECT gang_id, toInt32(count()) AS members, toInt32(sum(known_bad)) AS known_bad, assumeNotNull(min(joined_at)) AS first_tie,
          ${joined(1)} AS joined_1d, ${joined(7)} AS joined_7d, ${joined(30)} AS joined_30d, sum(neighbours) AS ties, toInt32(max(core_number)) AS core,
          toFloat64(sum(toDecimal128(propagated_risk, 6))) / count() AS risk
        FROM ${gangMembers(context)} GROUP BY gang_id) AS g
      LEFT JOIN (${ties}) AS t ON g.gang_id = t.gang_id
      LEFT JOIN (${applications}) AS a ON g.gang_id = a.gang_id
      LEFT JOIN (${cells}) AS c ON g.gang_id = c.gang_id
      LEFT JOIN (${owed}) AS o ON g.gang_id = o.gang_id
      LEFT JOIN (${first}) AS f ON g.gang_id = f.gang_id
      LEFT JOIN ${verdictsInForce(context)} AS v ON g.gang_id = v.gang_id`;
  },
});
