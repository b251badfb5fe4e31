import { boolean, defineFeatureView, type FeatureSpec, ident, int32, join, raw, sql } from 'riskgraph';
import { DEVICE_IDENTIFIERS, identifierStatusSql } from 'riskgraph/device-ids';
import { device } from '../entities.js';

const each = (make: (identifier: (typeof DEVICE_IDENTIFIERS)[number]) => [string, FeatureSpec]) =>
  Object.fromEntries(DEVICE_IDENTIFIERS.map(make));

export default defineFeatureView({
  entity: device,
  description:
    'The customers seen on a device and the identifiers that it reports, for every device seen in the last 400 days. The 30-day window is (as-of - 30 local ' +
    'days, as-of]. An identifier is the newest one that the device gave in 400 days; zeros, defaults and words for nothing are not present.',
  owner: 'fraud-risk',
  tags: ['device'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    customers_30d: int32({ unit: 'customers', description: 'Different customers seen on the device in 30 days' }),
    other_customers_30d: int32({
      unit: 'customers',
      description:
        'Customers seen in 30 days without the subject, taken to be the customer seen on the device last; for a named customer read ' +
        'device_sharing@1',
    }),
    sightings_30d: int32({ unit: 'sightings', description: 'Sightings in 30 days' }),
    days_since_first_seen: int32({
      unit: 'days',
      description: 'Local days from the first sighting in 400 days to the as-of day; small after a factory reset',
    }),
    models_30d: int32({
      unit: 'models',
      description: 'Different brand and model pairs reported in 30 days; above 1 the phone was disguised',
    }),
    is_emulator: boolean({ description: 'Any sighting in 30 days said emulator; NULL when none said either way' }),
    is_rooted: boolean({
      description: 'Any sighting in 30 days said rooted or jailbroken; NULL when none said either way',
    }),
    risk_flags_30d: int32({
      unit: 'flags',
      description: 'Different flags (hook, clone, vpn, mock_location, …) in 30 days',
    }),
    imei_on_new_android: boolean({
      description:
        'An IMEI came from Android 10 or newer in 400 days, where an ordinary app cannot read one: a sign of tampering',
    }),
    identifiers_present: int32({
      unit: 'identifiers',
      description: `Number of ${DEVICE_IDENTIFIERS.join(', ')} that have a value which stands for the device`,
    }),
    identifiers_valid: int32({
      unit: 'identifiers',
      description: 'Number of these identifiers with the form and the check digit of their kind',
    }),
    ...each((name) => [`${name}_present`, boolean({ description: `The device gave a ${name} that is not null-like` })]),
    ...each((name) => [
      `${name}_valid`,
      boolean({ description: `Its ${name} has the right form and check digit; NULL when not present` }),
    ]),
  },
  query: ({ source, asOf, timezone }) => {
    const recent = sql`seen_at > ${asOf.minusDays(30)}`;
    const columns = DEVICE_IDENTIFIERS.map((name) => ident(name));
    const status = (name: string) => ident(`${name}_status`);
    const present = DEVICE_IDENTIFIERS.map((name) => sql`(${status(name)} IN ('VALID', 'INVALID'))`);
    const valid = DEVICE_IDENTIFIERS.map((name) => sql`(${status(name)} = 'VALID')`);
    return sql`
      SELECT device_id, customers_30d, toInt32(greatest(customers_30d - 1, 0)) AS other_customers_30d, sightings_30d, days_since_first_seen,
        models_30d, is_emulator, is_rooted, risk_flags_30d, imei_on_new_android,
        toInt32(${join(present, ' + ')}) AS identifiers_present, toInt32(${join(valid, ' + ')}) AS identifiers_valid,
        ${join(DEVICE_IDENTIFIERS.map((name, i) => sql`CAST(${present[i] ?? raw('0')}, 'Bool') AS ${ident(`${name}_present`)}`))},
        ${join(
          DEVICE_IDENTIFIERS.map(
            (name, i) =>
              sql`if(${present[i] ?? raw('0')}, CAST(${valid[i] ?? raw('0')}, 'Nullable(Bool)'), NULL) AS ${ident(`${name}_valid`)}`,
          ),
        )}
      FROM (
        SELECT device_id, customers_30d, sightings_30d, days_since_first_seen, models_30d, is_emulator, is_rooted, risk_flags_30d,
          imei_on_new_android,
          ${join(DEVICE_IDENTIFIERS.map((name) => sql`${identifierStatusSql(name, ident(name))} AS ${status(name)}`))}
        FROM (
          SELECT device_id,
            toInt32(uniqExactIf(customer_id, ${recent})) AS customers_30d, toInt32(countIf(${recent})) AS sightings_30d,
            toInt32(dateDiff('day', toDate(min(seen_at), ${timezone}), ${asOf.date})) AS days_since_first_seen,
            toInt32(uniqExactIf((ifNull(brand, ''), ifNull(model, '')), ${recent} AND (brand IS NOT NULL OR model IS NOT NULL))) AS models_30d,
            CAST(maxOrNullIf(is_emulator, ${recent}), 'Nullable(Bool)') AS is_emulator,
            CAST(maxOrNullIf(is_rooted, ${recent}), 'Nullable(Bool)') AS is_rooted,
            toInt32(length(groupUniqArrayArrayIf(flags, ${recent}))) AS risk_flags_30d,
            CAST(max(os_major >= 10 AND imei_state IN ('VALID', 'INVALID')), 'Bool') AS imei_on_new_android,
            ${join(columns.map((column) => sql`argMax(${column}, (seen_at, customer_id)) AS ${column}`))}
          FROM (
            SELECT device_id, customer_id, seen_at, brand, model, is_emulator, is_rooted, flags, ${join(columns)},
              if(lower(ifNull(os, '')) = 'android', toUInt32OrZero(extract(ifNull(os_version, ''), '^([0-9]+)')), 0) AS os_major,
              ${identifierStatusSql('imei', ident('imei'))} AS imei_state
            FROM ${source('device_sightings')} WHERE seen_at > ${asOf.minusDays(400)})
          GROUP BY device_id))`;
  },
});
