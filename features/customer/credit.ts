/** What a customer has borrowed, owes and has applied for: `(SELECT …)` of one row a customer each. */
import { ident, join, raw, type Sql, sql, type ViewQueryContext } from 'riskgraph';

const newestLines = ({ source, asOf, timezone }: ViewQueryContext): Sql => sql`
  SELECT line_id, argMax(customer_id, effective_at) AS customer_id, argMax(status, effective_at) AS status, argMax(limit_amount, effective_at) AS granted,
    min(effective_at) AS opened_at, argMin(limit_amount, effective_at) AS opening_limit,
    countIf(reason = 'INCREASE' AND effective_at > ${asOf.minusDays(365)}) AS raises, countIf(reason = 'DECREASE' AND effective_at > ${asOf.minusDays(365)}) AS cuts,
    maxOrNullIf(toDate(effective_at, ${timezone}), reason IN ('INCREASE', 'DECREASE')) AS changed
  FROM ${source('credit_lines')} GROUP BY line_id`;

/** Columns: credit_limit (lines not CLOSED), first_limit, raises and cuts in 365 days, changed (a day). */
export const limitsOf = (context: ViewQueryContext): Sql => sql`(
  SELECT customer_id, sumOrNullIf(granted, status != 'CLOSED') AS credit_limit, toNullable(argMin(opening_limit, (opened_at, line_id))) AS first_limit,
    toInt32(sum(l.raises)) AS raises, toInt32(sum(l.cuts)) AS cuts, max(l.changed) AS changed
  FROM (${newestLines(context)}) AS l GROUP BY customer_id)`;

/** Columns: on_book, owed (the newest day on book of `back` days), principal of loans on book, drawn (that of it from lines not CLOSED). */
export const debtsOf = (context: ViewQueryContext, days: { readonly within: number; readonly back: number }): Sql => {
  const { source, asOf } = context;
  const newest = sql`
    SELECT customer_id, loan_id, max(as_of) AS day, argMax((status, principal_outstanding), as_of) AS last, argMax(tuple(line_id), as_of).1 AS line_id,
      last.1 IN ('CURRENT', 'OVERDUE') AND day >= ${asOf.date} - ${days.within} AS standing, maxOrNullIf(as_of, status IN ('CURRENT', 'OVERDUE')) AS owed
    FROM ${source('loan_snapshots', { where: sql`as_of >= ${asOf.date} - ${days.back}` })} GROUP BY customer_id, loan_id`;
  return sql`(
    SELECT n.customer_id AS customer_id, toNullable(max(n.standing)) AS on_book, max(n.owed) AS owed, toNullable(sumIf(n.last.2, n.standing)) AS principal,
      toNullable(sumIf(n.last.2, n.standing AND ifNull(l.line_id, '') != '')) AS drawn
    FROM (${newest}) AS n LEFT JOIN (SELECT line_id FROM (${newestLines(context)}) WHERE status != 'CLOSED') AS l ON n.line_id = l.line_id
    GROUP BY customer_id)`;
};

/** Columns: loans, settled, refinancing, first_loan and last_loan (days), draws_<n>d, drawn_lately, largest_draw, re-loans, products. */
export const loansOf = (
  { source, asOf, timezone }: ViewQueryContext,
  { windows, reloan }: { readonly windows: readonly number[]; readonly reloan: number },
): Sql => {
  const settled = sql`
    SELECT loan_id, toNullable(min(toDate(occurred_at, ${timezone}))) AS settled FROM ${source('loan_events')} WHERE event_type = 'SETTLED' GROUP BY loan_id`;
  const within = (days: number) => sql`e.at > ${asOf.minusDays(days)}`;
  // The day of the last settlement of another loan up to the day of the loan; -1 without one.
  const before = sql`arrayMax(arrayConcat([-1], arrayMap(s -> if(s.id != e.id AND s.settled <= e.day, toInt32(assumeNotNull(s.settled)), -1), ended)))`;
  return sql`(
    SELECT customer_id, toNullable(toInt32(length(list))) AS loans, toInt32(length(ended)) AS settled, toInt32(arrayCount(e -> e.refinances, list)) AS refinancing,
      toNullable(list[1].day) AS first_loan, toNullable(list[-1].day) AS last_loan,
      ${join(windows.map((n) => sql`toInt32(arrayCount(e -> e.is_draw AND ${within(n)}, list)) AS ${ident(`draws_${n}d`)}`))},
      arraySum(e -> if(e.is_draw AND ${within(90)}, e.principal, 0), list) AS drawn_lately,
      arrayFilter(e -> e.is_draw AND ${within(365)}, list) AS draws, if(empty(draws), NULL, arrayMax(e -> e.principal, draws)) AS largest_draw,
      arrayMap(e -> (e.at, if(${before} < 0, NULL, toInt32(toInt32(e.day) - ${before}))), list) AS gaps,
      toInt32(arrayCount(e -> e.1 > ${asOf.minusDays(365)} AND e.2 = 0, gaps)) AS same_day_reloans,
      toInt32(arrayCount(e -> e.1 > ${asOf.minusDays(365)} AND e.2 BETWEEN 1 AND ${reloan}, gaps)) AS reloans, gaps[-1].2 AS last_gap,
      toInt32(length(arrayDistinct(arrayMap(e -> e.product, list)))) AS products, toNullable(list[-1].product) AS last_product,
      toNullable(toBool(arrayCount(e -> e.product = list[-1].product, list) = 1)) AS last_product_is_new
    FROM (
      SELECT customer_id, arrayFilter(e -> e.settled IS NOT NULL, list) AS ended,
        arraySort(e -> (e.at, e.id), groupArray(CAST(
          (l.disbursed_at, toDate(l.disbursed_at, ${timezone}), l.loan_id, l.product, l.principal, l.line_id IS NOT NULL, l.refinances_loan_id IS NOT NULL, s.settled),
          ${raw("'Tuple(at DateTime64(3), day Date, id String, product String, principal Decimal(38, 2), is_draw Bool, refinances Bool, settled Nullable(Date))'")}
        ))) AS list
      FROM ${source('loans')} AS l LEFT JOIN (${settled}) AS s ON l.loan_id = s.loan_id GROUP BY customer_id))`;
};

/** Columns: first_applied (a day), applications_<n>d, undecided, overlapping, products and channels, decisions, place (longitude, latitude). */
export const applicationsOf = ({ source, asOf, timezone }: ViewQueryContext, windows: readonly number[]): Sql => {
  const within = (days: number) => sql`applied_at > ${asOf.minusDays(days)}`;
  const open = sql`(decision IS NULL OR decision = 'PENDING')`;
  // One that is never decided is given up after 30 days.
  const applications = sql`
    SELECT *, max(if(${open}, applied_at + INTERVAL 30 DAY, ifNull(decided_at, applied_at))) OVER (
      PARTITION BY customer_id ORDER BY applied_at, application_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS open_until
    FROM ${source('applications')}`;
  const located = sql`(${within(90)} AND position_status = 'VALID')`;
  return sql`(
    SELECT customer_id, toNullable(toDate(min(applied_at), ${timezone})) AS first_applied,
      ${join(windows.map((n) => sql`toInt32(countIf(${within(n)})) AS ${ident(`applications_${n}d`)}`))},
      toInt32(countIf(${within(30)} AND ${open})) AS undecided, toInt32(countIf(${within(90)} AND open_until > applied_at)) AS overlapping,
      toInt32(uniqExactIf(product, ${within(30)})) AS products_applied, toInt32(uniqExactIf(a.channel, ${within(30)})) AS channels_applied,
      avgOrNullIf(decision = 'APPROVED', ${within(365)} AND decision IN ('APPROVED', 'DECLINED')) AS approved_share,
      sumIf(approved_amount, ${within(365)} AND decision = 'APPROVED' AND approved_amount IS NOT NULL) AS approved_sum,
      sumIf(amount, ${within(365)} AND decision = 'APPROVED' AND approved_amount IS NOT NULL) AS asked_sum,
      toInt32(uniqExact(a.channel)) AS channels, argMax(tuple(a.channel), (applied_at, application_id)).1 AS last_channel,
      argMaxIf((wgs84_longitude, wgs84_latitude), (applied_at, application_id), ${located}) AS newest_place,
      if(countIf(${located}) = 0, (NULL, NULL), newest_place) AS place
    FROM (${applications}) AS a GROUP BY customer_id)`;
};
