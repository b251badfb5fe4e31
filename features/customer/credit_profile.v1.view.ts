import {
  boolean,
  decimal,
  defineFeatureView,
  type FeatureSpec,
  float64,
  ident,
  int32,
  join,
  raw,
  type Sql,
  sql,
  string,
} from 'riskgraph';
import { customer } from '../entities.js';
import { applicationsOf, debtsOf, limitsOf, loansOf } from './credit.js';

const WINDOWS = [1, 7, 30, 90, 365] as const;
const windows = (make: (days: number) => [string, FeatureSpec]) => Object.fromEntries(WINDOWS.map(make));
const days = (count: number) => (count === 1 ? 'the last local day' : `${count} local days`);

/** A borrower is new for so long after the first loan. */
const NEW_DAYS = 90;
/** One without a debt for longer is lost. */
const DORMANT_DAYS = 365;
/** A statement or a snapshot that is older says nothing of now. */
const STATEMENT_DAYS = 62;
const SNAPSHOT_DAYS = 31;
/** A loan that comes so soon after another is paid off is a re-loan. */
const RELOAN_DAYS = 90;
/** Beyond a city's width. */
const NEAR_KM = 50;

export default defineFeatureView({
  entity: customer,
  description:
    'Who a customer is as a borrower: tenure, income, limit and its use, draws, re-loans, what was applied for at the same time (多头), channels and products, and whether ' +
    'what was stated agrees (交叉验证). Segment, by the first rule that holds: POTENTIAL, nothing borrowed so far; NEW, first borrowed within ' +
    `${NEW_DAYS} days; STABLE, a loan on book or a statement of the last ${STATEMENT_DAYS} days; DORMANT, the last debt at most ${DORMANT_DAYS} days ago; LOST, none since. ` +
    'Windows are (as-of - n local days, as-of]. One row a registered customer.',
  owner: 'credit-risk',
  tags: ['profile', 'application'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    segment: string({ description: 'POTENTIAL, NEW, STABLE, DORMANT or LOST, as the view describes' }),
    tenure_days: int32({ unit: 'days', description: 'Local days since the registration' }),
    days_to_first_application: int32({
      unit: 'days',
      description:
        'Local days from the registration to the first application, 0 where it came before; NULL without one',
    }),
    days_since_first_loan: int32({ unit: 'days', description: 'Local days since the first loan; NULL without one' }),
    days_since_last_loan: int32({ unit: 'days', description: 'Local days since the newest loan; NULL without one' }),
    monthly_income: decimal({ unit: 'CNY a month', description: 'Stated income; NULL where none was stated' }),
    limit_to_income: float64({
      unit: 'months',
      description: 'credit_limit / stated income; NULL without an income > 0',
    }),
    debt_to_income: float64({
      unit: 'months',
      description: 'principal_outstanding / stated income; NULL without an income > 0',
    }),
    credit_limit: decimal({ unit: 'CNY', description: 'Limits of the lines that are not CLOSED; NULL without one' }),
    first_limit: decimal({ unit: 'CNY', description: 'Limit of the first line when it was opened; NULL without one' }),
    limit_increases_365d: int32({ unit: 'changes', description: 'Raises of a limit in 365 local days' }),
    limit_decreases_365d: int32({ unit: 'changes', description: 'Cuts of a limit in 365 local days' }),
    days_since_limit_change: int32({
      unit: 'days',
      description: 'Local days since a limit was last raised or cut; NULL without a change',
    }),
    principal_outstanding: decimal({ unit: 'CNY', description: 'Unpaid principal of the loans on book' }),
    utilization: float64({
      unit: 'fraction',
      description:
        'Unpaid principal drawn from lines that are not CLOSED / credit_limit, never capped; NULL without a limit > 0',
    }),
    ...windows((n) => [`draws_${n}d`, int32({ unit: 'loans', description: `Loans drawn from a line in ${days(n)}` })]),
    drawn_amount_90d: decimal({ unit: 'CNY', description: 'Principal of the draws of 90 local days' }),
    largest_draw_to_limit: float64({
      unit: 'fraction',
      description: 'Largest draw of 365 local days / credit_limit; NULL without a limit > 0 or a draw',
    }),
    loans_ever: int32({ unit: 'loans', description: 'Loans disbursed so far' }),
    settled_loans: int32({ unit: 'loans', description: 'Loans that were SETTLED so far' }),
    refinancing_loans: int32({ unit: 'loans', description: 'Loans disbursed so far that replace another' }),
    same_day_reloans_365d: int32({
      unit: 'loans',
      description: 'Loans of 365 local days that came on the day on which another was settled',
    }),
    reloans_365d: int32({
      unit: 'loans',
      description: `Loans of 365 local days that came 1 to ${RELOAN_DAYS} local days after another was settled`,
    }),
    last_reloan_gap_days: int32({
      unit: 'days',
      description: 'Local days from the last settlement before the newest loan to that loan; NULL without one',
    }),
    ...windows((n) => [
      `applications_${n}d`,
      int32({ unit: 'applications', description: `Applications of any kind in ${days(n)}` }),
    ]),
    undecided_applications: int32({
      unit: 'applications',
      description: 'Applications of 30 local days without a decision, or PENDING, at the as-of',
    }),
    overlapping_applications_90d: int32({
      unit: 'applications',
      description:
        'Applications of 90 local days that were submitted while an earlier one of the customer was undecided, for 30 times 24 hours at most',
    }),
    products_applied_30d: int32({ unit: 'products', description: 'Different products applied for in 30 local days' }),
    channels_applied_30d: int32({
      unit: 'channels',
      description: 'Different channels applied through in 30 local days',
    }),
    approved_share_365d: float64({
      unit: 'fraction',
      description: 'APPROVED of the applications of 365 local days that are APPROVED or DECLINED; NULL without one',
    }),
    approved_to_asked_365d: float64({
      unit: 'fraction',
      description: 'Approved over asked amounts of the approved applications of 365 local days; NULL without one',
    }),
    registration_channel: string({ description: 'The channel through which the customer came; NULL where unknown' }),
    last_channel: string({ description: 'The channel of the newest application; NULL without one' }),
    channels_ever: int32({ unit: 'channels', description: 'Different channels of applications so far' }),
    products_ever: int32({ unit: 'products', description: 'Different products borrowed so far' }),
    last_product: string({ description: 'The product of the newest loan; NULL without one' }),
    last_product_is_new: boolean({
      description: 'Whether the newest loan is the first of its product; NULL without a loan',
    }),
    id_region_is_phone_region: boolean({
      description:
        'Whether the regions of the identity document and of the phone number are the same text; NULL where one is unknown',
    }),
    id_region_is_province: boolean({
      description: 'Whether the region of the identity document is the declared province; NULL where one is unknown',
    }),
    phone_region_is_province: boolean({
      description: 'Whether the region of the phone number is the declared province; NULL where one is unknown',
    }),
    gps_near_declared_city: boolean({
      description: `Whether the newest valid position of an application of 90 local days is within ${NEAR_KM} km of the declared city; NULL without either`,
    }),
    region_agreement: float64({
      unit: 'fraction',
      description: 'Share of those four that are true, of the ones that are known; NULL where none is',
    }),
  },
  query: (context) => {
    const { source, asOf, timezone } = context;
    const each = (make: (count: number) => Sql) => join(WINDOWS.map(make));
    const since = (day: string): Sql => sql`toInt32(${asOf.date} - ${raw(day)})`;
    const windowed = (name: string) =>
      each((n) => sql`ifNull(f.${ident(`${name}_${n}d`)}, 0) AS ${ident(`${name}_${n}d`)}`);
    const over = (amount: string, base: string) =>
      sql`if(${raw(base)} > 0, toFloat64(${raw(amount)}) / toFloat64(${raw(base)}), NULL)`;
    const same = (one: string, other: string) => sql`toBool(nullIf(${raw(one)}, '') = nullIf(${raw(other)}, ''))`;
    const checks = sql`[id_region_is_phone_region, id_region_is_province, phone_region_is_province, gps_near_declared_city]`;
    return sql`
      SELECT customer_id,
        multiIf(first_borrowed IS NULL, 'POTENTIAL', first_borrowed > ${asOf.date} - ${NEW_DAYS}, 'NEW', owes, 'STABLE',
          last_owed >= ${asOf.date} - ${DORMANT_DAYS}, 'DORMANT', 'LOST') AS segment,
        ${since('registered')} AS tenure_days, greatest(toInt32(first_applied - registered), 0) AS days_to_first_application,
        ${since('first_loan')} AS days_since_first_loan, ${since('last_loan')} AS days_since_last_loan, monthly_income,
        ${over('credit_limit', 'monthly_income')} AS limit_to_income, ${over('principal_outstanding', 'monthly_income')} AS debt_to_income,
        credit_limit, first_limit, ifNull(raises, 0) AS limit_increases_365d, ifNull(cuts, 0) AS limit_decreases_365d, ${since('changed')} AS days_since_limit_change,
        principal_outstanding, ${over('drawn', 'credit_limit')} AS utilization, ${windowed('draws')}, drawn_amount_90d, ${over('largest_draw', 'credit_limit')} AS largest_draw_to_limit,
        ifNull(loans, 0) AS loans_ever, ifNull(settled, 0) AS settled_loans, ifNull(refinancing, 0) AS refinancing_loans,
        ifNull(same_day_reloans, 0) AS same_day_reloans_365d, ifNull(reloans, 0) AS reloans_365d, last_gap AS last_reloan_gap_days,
        ${windowed('applications')}, ifNull(undecided, 0) AS undecided_applications, ifNull(overlapping, 0) AS overlapping_applications_90d,
        ifNull(products_applied, 0) AS products_applied_30d, ifNull(channels_applied, 0) AS channels_applied_30d,
        approved_share AS approved_share_365d, ${over('approved_sum', 'asked_sum')} AS approved_to_asked_365d,
        channel AS registration_channel, last_channel, ifNull(channels, 0) AS channels_ever, ifNull(products, 0) AS products_ever, last_product, last_product_is_new,
        ${same('id_region', 'phone_region')} AS id_region_is_phone_region, ${same('id_region', 'province')} AS id_region_is_province,
        ${same('phone_region', 'province')} AS phone_region_is_province,
        toBool(greatCircleDistance(place.1, place.2, city_longitude, city_latitude) <= ${NEAR_KM * 1000}) AS gps_near_declared_city,
        arrayCount(agrees -> ifNull(agrees, false), ${checks}) / nullIf(arrayCount(agrees -> agrees IS NOT NULL, ${checks}), 0) AS region_agreement
      FROM (
        SELECT *, toDate(registered_at, ${timezone}) AS registered,
          least(ifNull(b.first_loan, s.first_month), ifNull(s.first_month, b.first_loan)) AS first_borrowed,
          greatest(ifNull(b.last_loan, toDate(0)), ifNull(d.owed, toDate(0)), ifNull(s.last_month, toDate(0))) AS last_owed,
          ifNull(d.on_book, 0) = 1 OR ifNull(s.last_month >= ${asOf.date} - ${STATEMENT_DAYS}, 0) AS owes,
          ifNull(d.principal, 0) AS principal_outstanding, ifNull(b.drawn_lately, 0) AS drawn_amount_90d
        FROM ${source('customers')} AS c
        LEFT JOIN (SELECT province AS city_province, city AS city_name, toNullable(longitude) AS city_longitude, toNullable(latitude) AS city_latitude FROM ${source('places')}) AS p
          ON c.province = p.city_province AND c.city = p.city_name
        LEFT JOIN ${limitsOf(context)} AS l USING (customer_id)
        LEFT JOIN ${debtsOf(context, { within: SNAPSHOT_DAYS, back: DORMANT_DAYS })} AS d USING (customer_id)
        LEFT JOIN ${loansOf(context, { windows: WINDOWS, reloan: RELOAN_DAYS })} AS b USING (customer_id)
        LEFT JOIN ${applicationsOf(context, WINDOWS)} AS a USING (customer_id)
        LEFT JOIN (
          SELECT customer_id, toNullable(toLastDayOfMonth(max(month))) AS last_month, toNullable(min(month)) AS first_month
          FROM ${source('statements')} GROUP BY customer_id) AS s USING (customer_id)) AS f`;
  },
});
