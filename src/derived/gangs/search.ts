import { join, param, raw, type Sql, sql } from '../../core/definitions/sql.js';
import { badInput } from '../../core/errors.js';
import { GANG_MEASURES, type Gang, type GangSearch, type Verdict } from '../../core/ports/gangs.js';
import type { IndicatorFilter } from '../../core/ports/indicators.js';
import { type GangReaderOptions, knownAt } from './known-at.js';

/** Days back within which the newest snapshot of an open loan lies. */
const NEWEST_SNAPSHOT_DAYS = 3;

type Row = readonly [id: string, customers: string[], firstSeen: string, knownBad: string, verdict: Verdict];

/** See GangReader.search. */
export async function searchGangs(options: GangReaderOptions, search: GangSearch): Promise<readonly Gang[]> {
  const { asOf, minSize, verdict, filters, orderBy, limit, before } = search;
  const conditions = [
    sql`size >= ${param('UInt32', minSize)}`,
    ...(verdict === null ? [] : [sql`verdict = ${verdict}`]),
    ...filters.map(conditionOf),
  ];
  const read = new Set([...filters.map(({ dimension }) => dimension), (orderBy ?? '').replace('-', '')]);
  const found = sql`SELECT *, row_number() OVER (ORDER BY ${orderOf(orderBy)}, gang_id) AS place FROM (${measuresSql(options, asOf, read)})
    WHERE ${join(conditions, ' AND ')}`;
  // A page after an id that is not found is empty.
  const after =
    before === null
      ? sql`0`
      : sql`ifNull((SELECT max(place) FROM (${found}) WHERE gang_id = ${before} HAVING count() > 0), 4294967295)`;
  const rows = await options.clickhouse.tuples<Row>(
    'gangs-search',
    sql`SELECT gang_id, customers, toString(toUnixTimestamp64Milli(first_seen)), toString(known_bad), verdict FROM (${found})
      WHERE place > ${after} ORDER BY place LIMIT ${param('UInt32', limit)}`,
  );
  return rows.map(([id, customers, firstSeen, knownBad, own]) => ({
    id,
    asOf,
    customers,
    firstSeen: Number(firstSeen),
    knownBad: Number(knownBad),
    verdict: own,
  }));
}

const measureNamed = (name: string, where: string): Sql => {
  if ((GANG_MEASURES as readonly string[]).includes(name)) return raw(name);
  throw badInput(
    `\`${where}\` names '${name.slice(0, 64)}', which is no measure of gangs`,
    `the measures are ${GANG_MEASURES.join(', ')}`,
  );
};

function orderOf(orderBy: string | null): Sql {
  const name = orderBy ?? '-size';
  return name.startsWith('-') ? sql`${measureNamed(name.slice(1), 'orderBy')} DESC` : measureNamed(name, 'orderBy');
}

const OPERATORS = { EQ: '=', NE: '!=', GT: '>', GTE: '>=', LT: '<', LTE: '<=', IN: 'IN', NOT_IN: 'NOT IN' } as const;

function conditionOf({ dimension, op, values }: IndicatorFilter): Sql {
  const measure = measureNamed(dimension, 'filters');
  const numbers = values.map(Number);
  if (numbers.length === 0 || numbers.some((number) => !Number.isFinite(number))) {
    throw badInput(
      `the filter on ${dimension} holds no number`,
      'measures of gangs are numbers, written as "3" or "0.5"',
    );
  }
  const several = op === 'IN' || op === 'NOT_IN';
  if (!several && numbers.length > 1)
    throw badInput(`the filter on ${dimension} has ${values.length} values`, `${op} takes one; IN takes several`);
  const operand = several ? param('Array(Float64)', numbers) : param('Float64', numbers[0]);
  return sql`toFloat64(${measure}) ${raw(OPERATORS[op])} ${operand}`;
}

/** First instalments that are unpaid so many days after their due date. */
const FPD_DAYS = 7;

/** `(SELECT …)` of `customer_id`, `matured` and `unpaid`, 1 or 0, of members with a first instalment that was due so many days ago or earlier. */
function firstPayments({ known, members }: ReturnType<typeof knownAt>): Sql {
  const days = raw(String(FPD_DAYS));
  // Qualified: a bare name in a condition would mean the aggregate of that name.
  const first = sql`(SELECT i.loan_id AS loan_id, argMin(i.customer_id, i.effective_at) AS customer_id,
      argMin(i.due_date, i.effective_at) + ${days} AS judged
    FROM ${known('installments', { keyFilter: sql`v.installment_no = 1` })} AS i
    WHERE i.customer_id IN (SELECT customer_id FROM ${members}) GROUP BY i.loan_id)`;
  // At the end of that day the oldest unpaid instalment is the first one where it is so many days past due.
  const snapshots = known('loan_snapshots', {
    keyFilter: sql`(v.loan_id, v.as_of) IN (SELECT loan_id, judged FROM ${first})`,
  });
  return sql`(SELECT i.customer_id AS customer_id, 1 AS matured, max(s.dpd >= ${days}) AS unpaid
    FROM ${first} AS i INNER JOIN ${snapshots} AS s ON i.loan_id = s.loan_id AND i.judged = s.as_of GROUP BY i.customer_id)`;
}

/** `(SELECT …)` of `customer_id`, and how many applications of 90 days were decided and approved. */
const decisions = ({ known, daysBack }: ReturnType<typeof knownAt>): Sql =>
  sql`(SELECT customer_id, countIf(decision IN ('APPROVED', 'DECLINED')) AS decided, countIf(decision = 'APPROVED') AS approved
    FROM ${known('applications', { columns: ['application_id', 'customer_id', 'applied_at', 'decision'] })}
    WHERE applied_at > ${daysBack(90)} GROUP BY customer_id)`;

/** In place of what is not asked for, which would read much: no row. */
const unread = (columns: string): Sql => sql`(SELECT ${raw(columns)} WHERE 0)`;

/** One row a gang with its members and measures; of what is dear to read, only what a condition or the order names. */
function measuresSql(options: GangReaderOptions, asOf: Gang['asOf'], read: ReadonlySet<string>): Sql {
  const at = knownAt(options, asOf);
  const paid =
    read.has('fpd7_rate') || read.has('matured_members')
      ? firstPayments(at)
      : unread("'' AS customer_id, 0 AS matured, 0 AS unpaid");
  const decided = read.has('approval_rate_90d')
    ? decisions(at)
    : unread("'' AS customer_id, 0 AS decided, 0 AS approved");
  const exposed = at.known('loan_snapshots', {
    keyFilter: sql`v.as_of >= toDate(${at.instant}, ${options.calendar.timezone}) - ${raw(String(NEWEST_SNAPSHOT_DAYS))}`,
  });
  return sql`SELECT m.gang_id AS gang_id, groupArray(m.customer_id) AS customers, count() AS size, assumeNotNull(min(m.joined_at)) AS first_seen,
      sum(m.known_bad) AS known_bad, known_bad / size AS bad_share, dateDiff('day', first_seen, ${at.instant}) AS age_days,
      countIf(m.joined_at > ${at.daysBack(7)}) AS new_members_7d, countIf(m.joined_at > ${at.daysBack(30)}) AS new_members_30d,
      sum(ifNull(a.applied_7d, 0)) AS applications_7d, sum(ifNull(a.applied_30d, 0)) AS applications_30d,
      sum(ifNull(l.owed, 0)) AS exposure, sum(ifNull(d.decided, 0)) AS decided_90d,
      if(decided_90d > 0, sum(ifNull(d.approved, 0)) / decided_90d, NULL) AS approval_rate_90d, sum(ifNull(p.matured, 0)) AS matured_members,
      if(matured_members > 0, sum(ifNull(p.unpaid, 0)) / matured_members, NULL) AS fpd7_rate, ifNull(any(v.verdict), 'NONE') AS verdict
    FROM ${at.members} AS m
    LEFT JOIN (SELECT customer_id, countIf(applied_at > ${at.daysBack(7)}) AS applied_7d, count() AS applied_30d FROM ${at.applications}
      WHERE applied_at > ${at.daysBack(30)} GROUP BY customer_id) AS a ON m.customer_id = a.customer_id
    LEFT JOIN (SELECT customer_id, sum(principal_outstanding) AS owed FROM (
        SELECT loan_id, customer_id, status, principal_outstanding FROM ${exposed} ORDER BY as_of DESC LIMIT 1 BY loan_id)
      WHERE status IN ('CURRENT', 'OVERDUE') GROUP BY customer_id) AS l ON m.customer_id = l.customer_id
    LEFT JOIN ${decided} AS d ON m.customer_id = d.customer_id
    LEFT JOIN ${paid} AS p ON m.customer_id = p.customer_id
    LEFT JOIN ${at.verdicts} AS v ON m.gang_id = v.gang_id
    GROUP BY m.gang_id`;
}
