/**
 * Which device identifiers may be trusted, and which are only the shape of one. Every rule is here twice, for TypeScript and for
 * ClickHouse; a test holds the two equal. A value that a phone reports when it has none (zeros, 'unknown', an emulator's default) is
 * NULL_LIKE and must never link two customers.
 */
import { raw, type Sql, sql } from '../definitions/sql.js';

export const DEVICE_IDENTIFIERS = ['imei', 'meid', 'idfa', 'idfv', 'gaid', 'oaid', 'android_id', 'udid'] as const;
export type DeviceIdentifier = (typeof DEVICE_IDENTIFIERS)[number];
export type IdentifierStatus = 'ABSENT' | 'NULL_LIKE' | 'INVALID' | 'VALID';

/** Placeholders that SDKs and browsers report without an identifier, in lower case. */
const NO_VALUE_WORDS = ['null', 'none', 'nil', 'undefined', 'unknown', 'n/a', 'na', 'no'];

/**
 * Values that very many phones report, cleaned and in lower case: emulator defaults that pass the Luhn check, and the Android ID that a
 * fault of Android 2.2 gave to all phones of some makers.
 */
const SHARED_VALUES: Readonly<Partial<Record<DeviceIdentifier, readonly string[]>>> = {
  imei: ['358240051111110', '123456789012347'],
  android_id: ['9774d56d682e549c'],
};

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** Forms that need no arithmetic. They match the cleaned value, whose case is kept. */
const FORMS: Readonly<Record<Exclude<DeviceIdentifier, 'imei' | 'meid'>, string>> = {
  idfa: `^(?i:${UUID})$`,
  idfv: `^(?i:${UUID})$`,
  gaid: `^(?i:${UUID})$`,
  // The form is the vendor's: Huawei and Honor a UUID, Xiaomi 16 hex digits, OPPO and vivo 64, others 32.
  oaid: `^(?i:${UUID}|[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{64})$`,
  // 64 bits in hex; phones before Android 8 may drop leading zeros.
  android_id: '^[0-9a-f]{13,16}$',
  // 40 digits up to 2017, chip and ECID since the A12.
  udid: '^([0-9a-f]{40}|[0-9A-F]{8}-[0-9A-F]{16})$',
};

// Only A-Z have a case here, as in ClickHouse: a Kelvin sign is no k.
const asciiLower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const asciiUpper = (text: string): string => text.replace(/[a-z]/g, (letter) => letter.toUpperCase());

const hasDashesInForm = (type: DeviceIdentifier): boolean => type !== 'imei' && type !== 'meid';

/** Blanks are dropped everywhere, dashes where they are only punctuation (IMEI, MEID). */
const clean = (type: DeviceIdentifier, value: string): string =>
  value.replace(hasDashesInForm(type) ? /[ \t\r\n]/g : /[ \t\r\n-]/g, '');

/** True when the digits, the last of them the check digit, pass the Luhn check in the base given. */
export function luhnValid(digits: string, base: 10 | 16 = 10): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number.parseInt(digits.charAt(digits.length - 1 - index), base);
    if (Number.isNaN(digit)) return false;
    const weighted = index % 2 === 1 ? digit * 2 : digit;
    sum += Math.floor(weighted / base) + (weighted % base);
  }
  return digits.length > 0 && sum % base === 0;
}

/** 14 digits (no check digit), 15 with it, or 16 (IMEISV, which has none). */
const imeiValid = (value: string): boolean =>
  /^(\d{14}|\d{16})$/.test(value) || (/^\d{15}$/.test(value) && luhnValid(value));

/**
 * Hex form: 14 digits from A0000000000000 on (or 99…, the dual-mode range in decimal digits), a check digit optional; its Luhn sum is in
 * base 16, in base 10 when all digits are decimal. Decimal form: 10 + 8 digits, each half in range, a check digit optional.
 */
function meidValid(value: string): boolean {
  const upper = asciiUpper(value);
  if (/^(9{2}\d{12})\d?$/.test(upper)) return upper.length === 14 || luhnValid(upper, 10);
  if (/^[A-F][0-9A-F]{13}[0-9A-F]?$/.test(upper)) return upper.length === 14 || luhnValid(upper, 16);
  if (!/^\d{18}\d?$/.test(upper)) return false;
  const inRange = Number(upper.slice(0, 10)) < 2 ** 32 && Number(upper.slice(10, 18)) < 2 ** 24;
  return inRange && (upper.length === 18 || luhnValid(upper, 10));
}

/** Zeros or Fs only, whatever the punctuation; for IMEIs any digit repeated, and test allocations (reporting body 00). */
function nullLike(type: DeviceIdentifier, value: string): boolean {
  const lower = asciiLower(value);
  const bare = lower.replaceAll('-', '');
  if (NO_VALUE_WORDS.includes(lower) || SHARED_VALUES[type]?.includes(lower)) return true;
  if (/^(0+|f+)$/.test(bare)) return true;
  return type === 'imei' && (/^(\d)\1*$/.test(bare) || /^00\d{12,14}$/.test(bare));
}

/** Classifies a reported identifier. */
export function identifierStatus(type: DeviceIdentifier, value: string | null | undefined): IdentifierStatus {
  const cleaned = clean(type, value ?? '');
  if (cleaned === '') return 'ABSENT';
  if (nullLike(type, cleaned)) return 'NULL_LIKE';
  const valid =
    type === 'imei' ? imeiValid(cleaned) : type === 'meid' ? meidValid(cleaned) : formOf(type).test(cleaned);
  return valid ? 'VALID' : 'INVALID';
}

const formOf = (type: keyof typeof FORMS): RegExp => {
  const caseless = FORMS[type].includes('(?i:');
  return new RegExp(FORMS[type].replace('(?i:', '(?:'), caseless ? 'i' : '');
};

// ---------------------------------------------------------------- the same in ClickHouse

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** Luhn over the characters of a String expression that holds digits of the base alone. */
const luhnSql = (value: string, base: 10 | 16): string =>
  `(arraySum((c, i) -> intDiv((position('0123456789ABCDEF', c) - 1) * (1 + i % 2), ${base}) + ((position('0123456789ABCDEF', c) - 1) * (1 + i % 2)) % ${base},` +
  ` reverse(splitByString('', ${value})), range(length(${value}))) % ${base} = 0)`;

function validSql(type: DeviceIdentifier): string {
  if (type === 'imei')
    return `(match(v, '^([0-9]{14}|[0-9]{16})$') OR (match(v, '^[0-9]{15}$') AND ${luhnSql('v', 10)}))`;
  if (type === 'meid') {
    return `multiIf(match(u, '^99[0-9]{12}[0-9]?$'), length(u) = 14 OR ${luhnSql('u', 10)},
      match(u, '^[A-F][0-9A-F]{13}[0-9A-F]?$'), length(u) = 14 OR ${luhnSql('u', 16)},
      match(u, '^[0-9]{18}[0-9]?$'), toUInt64OrZero(substring(u, 1, 10)) < 4294967296 AND toUInt64OrZero(substring(u, 11, 8)) < 16777216
        AND (length(u) = 18 OR ${luhnSql('u', 10)}), false)`;
  }
  return `match(v, ${quoted(FORMS[type])})`;
}

/** String expression 'ABSENT', 'NULL_LIKE', 'INVALID' or 'VALID' over a Nullable(String) expression. */
export function identifierStatusSql(type: DeviceIdentifier, value: Sql): Sql {
  const dropped = hasDashesInForm(type) ? '[ \\t\\r\\n]' : '[ \\t\\r\\n-]';
  const words = [...NO_VALUE_WORDS, ...(SHARED_VALUES[type] ?? [])].map(quoted).join(', ');
  const bare = `replaceAll(lower(v), '-', '')`;
  const repeated = `(match(${bare}, '^[0-9]+$') AND replaceAll(${bare}, substring(${bare}, 1, 1), '') = '') OR match(${bare}, '^00[0-9]{12,14}$')`;
  return sql`arrayMap((v, u) -> multiIf(${raw(`v = '', 'ABSENT',
    lower(v) IN (${words}) OR match(${bare}, '^(0+|f+)$')${type === 'imei' ? ` OR ${repeated}` : ''}, 'NULL_LIKE',
    ${validSql(type)}, 'VALID', 'INVALID'`)}),
    [replaceRegexpAll(ifNull(${value}, ''), ${raw(quoted(dropped))}, '')],
    [upper(replaceRegexpAll(ifNull(${value}, ''), ${raw(quoted(dropped))}, ''))])[1]`;
}
