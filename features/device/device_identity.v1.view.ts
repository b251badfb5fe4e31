import { boolean, defineFeatureView, ident, int32, sql, string } from 'riskgraph';
import { device } from '../entities.js';
import { readIdentifiers } from './sightings.js';

export default defineFeatureView({
  entity: device,
  description:
    'Whether a device is what it says, by the identifiers that it shares with others, for every device seen in the last 400 days. An identifier ' +
    'counts where its form and check digit are right and it stands for a device; the newest of a kind is taken. From Android 10 on an ordinary ' +
    'app reads no IMEI: there the OAID, the fingerprint, the account and the SIM card link.',
  owner: 'fraud-risk',
  tags: ['device', 'identity'],
  schedule: { every: 'day', delay: '2h' },
  maxAge: '2d',
  ttl: '400d',
  features: {
    brand: string({ description: 'The brand that the device reported last; NULL when it reported none' }),
    price_band: string({
      description:
        'LOW, MIDDLE or HIGH, by the allocation of its IMEI; NULL without a valid IMEI of a known allocation',
    }),
    tac_brand_differs: boolean({
      description:
        'The brand by the allocation of its IMEI is not the one reported; NULL without a valid IMEI of a known allocation, or without a brand',
    }),
    os_major: int32({ unit: 'version', description: 'Major version of the system reported last; NULL when none was' }),
    os_downgrades_400d: int32({
      unit: 'changes',
      description:
        'Times at which the major version fell from one sighting to the next; a phone is upgraded, its disguise changes',
    }),
    models_400d: int32({ unit: 'models', description: 'Different brand and model pairs reported' }),
    imeis_400d: int32({
      unit: 'IMEIs',
      description:
        'Different valid IMEIs reported; a phone with two SIM slots has two, so that above 2 they were rewritten',
    }),
    android_ids_400d: int32({
      unit: 'ids',
      description: 'Different valid Android ids reported; a factory reset makes a new one',
    }),
    imei_devices_400d: int32({
      unit: 'devices',
      description:
        'Devices that reported its newest valid IMEI, itself among them; above 1 the IMEI was copied. NULL without one',
    }),
    imei_android_ids_400d: int32({
      unit: 'ids',
      description:
        'Different valid Android ids that came with its newest valid IMEI, from any device. NULL without one',
    }),
    oaid_devices_400d: int32({
      unit: 'devices',
      description:
        'Devices that reported its newest valid OAID, itself among them; above 1 it was copied. NULL without one',
    }),
    fingerprint_devices_400d: int32({
      unit: 'devices',
      description:
        'Devices that reported its newest fingerprint, itself among them; many are copies of one image. NULL without one',
    }),
    linking_identifiers: int32({
      unit: 'identifiers',
      description:
        'How many of OAID, fingerprint, account and SIM card the device gave in 400 days; an honest Android phone gives most, a phone that gives none hides',
    }),
  },
  query: ({ source, asOf }) => {
    const seen = readIdentifiers(sql`${source('device_sightings')} WHERE seen_at > ${asOf.minusDays(400)}`, [
      ...[
        'device_id',
        'customer_id',
        'seen_at',
        'brand',
        'model',
        'os_version',
        'fingerprint',
        'account_hash',
        'sim_hash',
      ],
    ]);
    const sharedBy = (column: string) => sql`
      SELECT ${ident(column)}, toInt32(uniqExact(device_id)) AS devices, toInt32(uniqExact(android_id_form)) AS android_ids
      FROM (${seen}) WHERE ${ident(column)} IS NOT NULL GROUP BY ${ident(column)}`;
    return sql`
      SELECT d.device_id AS device_id, d.newest_brand AS brand, t.price_band AS price_band,
        CAST(lower(d.newest_brand) != lower(t.brand), 'Nullable(Bool)') AS tac_brand_differs, d.os_major AS os_major,
        d.os_downgrades_400d AS os_downgrades_400d, d.models_400d AS models_400d, d.imeis_400d AS imeis_400d,
        d.android_ids_400d AS android_ids_400d, i.devices AS imei_devices_400d, i.android_ids AS imei_android_ids_400d,
        o.devices AS oaid_devices_400d, f.devices AS fingerprint_devices_400d, d.linking_identifiers AS linking_identifiers
      FROM (
        SELECT device_id, argMax(brand, at) AS newest_brand, argMax(major, at) AS os_major,
          toInt32(arrayCount(step -> step < 0, arrayDifference(arrayMap(one -> one.2, arraySort(groupArrayIf((at, assumeNotNull(major)),
            major IS NOT NULL)))))) AS os_downgrades_400d,
          toInt32(uniqExactIf((ifNull(brand, ''), ifNull(model, '')), brand IS NOT NULL OR model IS NOT NULL)) AS models_400d,
          toInt32(uniqExact(imei_body)) AS imeis_400d, toInt32(uniqExact(android_id_form)) AS android_ids_400d,
          argMax(imei_body, at) AS newest_imei, argMax(oaid_form, at) AS newest_oaid, argMax(fingerprint, at) AS newest_fingerprint,
          toInt32((count(oaid_form) > 0) + (count(fingerprint) > 0) + (count(account_hash) > 0) + (count(sim_hash) > 0)) AS linking_identifiers
        FROM (SELECT *, (seen_at, customer_id) AS at, toInt32OrNull(extract(ifNull(os_version, ''), '^([0-9]+)')) AS major FROM (${seen}))
        GROUP BY device_id) AS d
      LEFT JOIN (SELECT tac, brand, price_band FROM ${source('tac_brands')}) AS t ON substring(d.newest_imei, 1, 8) = t.tac
      LEFT JOIN (${sharedBy('imei_body')}) AS i ON d.newest_imei = i.imei_body
      LEFT JOIN (${sharedBy('oaid_form')}) AS o ON d.newest_oaid = o.oaid_form
      LEFT JOIN (${sharedBy('fingerprint')}) AS f ON d.newest_fingerprint = f.fingerprint`;
  },
});
