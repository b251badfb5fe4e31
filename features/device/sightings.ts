/** Columns of `device_sightings` as device views read them: an identifier that stands for no device is NULL, all spellings of one are one. */
import { ident, join, raw, type Sql, sql } from 'riskgraph';
import { type DeviceIdentifier, identifierStatusSql } from 'riskgraph/device-ids';

const BLANKS_AND_DASHES = raw("'[^0-9A-Za-z]'");
const BLANKS = raw("'[^0-9A-Za-z-]'");

const valid = (name: DeviceIdentifier, spelling: Sql): Sql =>
  sql`if(${identifierStatusSql(name, ident(name))} = 'VALID', ${spelling}, NULL)`;

/** The allocation and serial number of an IMEI, 14 digits: an IMEI with and without its check digit and an IMEISV share them. */
const IMEI_BODY = valid('imei', sql`substring(replaceRegexpAll(ifNull(imei, ''), ${BLANKS_AND_DASHES}, ''), 1, 14)`);
const OAID_FORM = valid('oaid', sql`lower(replaceRegexpAll(ifNull(oaid, ''), ${BLANKS}, ''))`);
const ANDROID_ID_FORM = valid('android_id', sql`replaceRegexpAll(ifNull(android_id, ''), ${BLANKS}, '')`);

/** Rows of sightings with the columns given, and with `imei_body`, `oaid_form` and `android_id_form`. */
export const readIdentifiers = (sightings: Sql, columns: readonly string[]): Sql =>
  sql`SELECT ${join(columns.map(ident))}, ${IMEI_BODY} AS imei_body, ${OAID_FORM} AS oaid_form,
    ${ANDROID_ID_FORM} AS android_id_form FROM ${sightings}`;
