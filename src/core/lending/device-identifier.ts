/**
 * What a reported device identifier is, in parts and in sentences. Its status is that of `core/helpers/device-ids`, by which views judge it;
 * here is why. Forms: 3GPP TS 23.003 (IMEI, IMEISV), 3GPP2 SC.R4002 (MEID), the makers' own documents for the rest.
 */
import { createHash } from 'node:crypto';
import { type IdentifierStatus, identifierStatus, luhnValid } from '../helpers/device-ids.js';

export type { IdentifierStatus } from '../helpers/device-ids.js';

export type DeviceIdentifierKind =
  | 'IMEI'
  | 'IMEISV'
  | 'MEID'
  | 'IDFA'
  | 'IDFV'
  | 'GAID'
  | 'OAID'
  | 'UDID'
  | 'ANDROID_ID';

export interface DeviceIdentifier {
  readonly kind: DeviceIdentifierKind;
  readonly status: IdentifierStatus;
  /** One spelling for all reports of one identifier; null unless it is VALID. */
  readonly normalized: string | null;
  /** Why it is not VALID, or what was done to it; null where there is nothing to say. */
  readonly reason: string | null;
  /** What the identifier is made of, by name; null unless it is VALID. */
  readonly parts: Readonly<Record<string, string>> | null;
}

interface Reading {
  readonly normalized: string;
  readonly parts: Readonly<Record<string, string>>;
  readonly reason?: string;
}

interface Kind {
  readonly judgedAs: Parameters<typeof identifierStatus>[0];
  /** Of a cleaned value; a text is the reason why it is INVALID. */
  read(cleaned: string): Reading | string;
}

const BLANKS = /[ \t\r\n]/g;
const BLANKS_AND_DASHES = /[ \t\r\n-]/g;

/** The digit that makes digits before it pass the Luhn check in the base given. */
const checkDigit = (digits: string, base: 10 | 16): string =>
  [...'0123456789ABCDEF'].slice(0, base).find((digit) => luhnValid(digits + digit, base)) as string;

const isDigits = (text: string): boolean => /^\d+$/.test(text);

/** The type allocation code, whose first two digits are the body that gave it, and the serial number. */
const equipment = (digits: string) => ({
  reportingBody: digits.slice(0, 2),
  typeAllocationCode: digits.slice(0, 8),
  serialNumber: digits.slice(8, 14),
});

function wrongCheckDigit(digits: string, base: 10 | 16): string {
  const body = digits.slice(0, -1);
  return `the check digit after ${body} is ${checkDigit(body, base)} and not ${digits.at(-1)}: a digit was mistyped, or the value is made up`;
}

function imei(digits: string): Reading | string {
  if (!isDigits(digits)) return 'an IMEI has digits only';
  const body = digits.slice(0, 14);
  const parts = { ...equipment(body), checkDigit: checkDigit(body, 10) };
  const normalized = body + parts.checkDigit;
  if (digits.length === 14) return { normalized, parts, reason: 'The check digit was left out; it is computed.' };
  if (digits.length === 16) {
    const reason = 'It is an IMEISV, an IMEI with a software version; the normal form is the IMEI.';
    return { normalized, parts: { ...parts, softwareVersion: digits.slice(14) }, reason };
  }
  if (digits.length !== 15)
    return `an IMEI has 15 digits, or 14 without the check digit, and this has ${digits.length}`;
  return luhnValid(digits) ? { normalized, parts } : wrongCheckDigit(digits, 10);
}

function imeisv(digits: string): Reading | string {
  if (!isDigits(digits)) return 'an IMEISV has digits only';
  if (digits.length === 15) return 'it has the 15 digits of an IMEI, and an IMEISV has 16: ask for it as an IMEI';
  if (digits.length !== 16) return `an IMEISV has 16 digits, and this has ${digits.length}`;
  const body = digits.slice(0, 14);
  const parts = { ...equipment(body), softwareVersion: digits.slice(14), imei: body + checkDigit(body, 10) };
  return { normalized: digits, parts };
}

/** The pseudo ESN: '80' and the last 24 bits of the SHA-1 of the 7 bytes. Many MEIDs share one. */
const pseudoEsn = (hex: string): string =>
  `80${createHash('sha1').update(Buffer.from(hex, 'hex')).digest('hex').slice(-6).toUpperCase()}`;

function meidOfHex(digits: string, base: 10 | 16): Reading | string {
  if (digits.length === 15 && !luhnValid(digits, base)) return wrongCheckDigit(digits, base);
  const normalized = digits.slice(0, 14);
  const decimal =
    String(Number.parseInt(normalized.slice(0, 8), 16)).padStart(10, '0') +
    String(Number.parseInt(normalized.slice(8), 16)).padStart(8, '0');
  const parts = {
    regionCode: normalized.slice(0, 2),
    manufacturerCode: normalized.slice(2, 8),
    serialNumber: normalized.slice(8),
    checkDigit: checkDigit(normalized, base),
    decimal,
    pseudoEsn: pseudoEsn(normalized),
  };
  return { normalized, parts };
}

function meid(value: string): Reading | string {
  const digits = value.toUpperCase();
  if (/^99\d{12,13}$/.test(digits)) return meidOfHex(digits, 10);
  if (/^[A-F][0-9A-F]{13,14}$/.test(digits)) return meidOfHex(digits, 16);
  if (/^\d{14,15}$/.test(digits)) return 'it has the digits of an IMEI: a MEID in hex begins with A to F, or with 99';
  if (!/^\d{18,19}$/.test(digits))
    return `a MEID has 14 hex digits, or 18 decimal ones, and this has ${digits.length} characters`;
  const [first, second] = [Number(digits.slice(0, 10)), Number(digits.slice(10, 18))];
  if (first >= 2 ** 32) return `its first ten digits are ${first}, above 4294967295, the most that 8 hex digits hold`;
  if (second >= 2 ** 24) return `its last eight digits are ${second}, above 16777215, the most that 6 hex digits hold`;
  if (digits.length === 19 && !luhnValid(digits)) return wrongCheckDigit(digits, 10);
  const hex = (first.toString(16).padStart(8, '0') + second.toString(16).padStart(6, '0')).toUpperCase();
  return meidOfHex(hex, /^\d+$/.test(hex) ? 10 : 16);
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const UUID_FORM = '8-4-4-4-12 hex digits with dashes';

/** Version and variant by RFC 9562; an advertising id is random, version 4. */
const uuidParts = (uuid: string): Record<string, string> => ({ form: 'UUID', uuidVersion: uuid.charAt(14) });

const uuid =
  (name: string, spelling: 'toUpperCase' | 'toLowerCase') =>
  (value: string): Reading | string =>
    UUID.test(value) ? { normalized: value[spelling](), parts: uuidParts(value) } : `${name} is a UUID of ${UUID_FORM}`;

const OAID_FORMS: Readonly<Record<number, string>> = {
  16: '16 hex digits, as Xiaomi writes it',
  32: '32 hex digits',
  64: '64 hex digits, as OPPO and vivo write it',
};

function oaid(value: string): Reading | string {
  const normalized = value.toLowerCase();
  if (UUID.test(value))
    return { normalized, parts: { ...uuidParts(value), form: 'UUID, as Huawei and Honor write it' } };
  const form = /^[0-9a-f]+$/.test(normalized) ? OAID_FORMS[value.length] : undefined;
  return form ? { normalized, parts: { form } } : `an OAID is a UUID or has 16, 32 or 64 hex digits, by the maker`;
}

function udid(value: string): Reading | string {
  if (/^[0-9a-f]{40}$/.test(value))
    return { normalized: value, parts: { form: '40 hex digits, of phones up to 2017' } };
  if (!/^[0-9A-F]{8}-[0-9A-F]{16}$/.test(value))
    return 'a UDID has 40 hex digits in lower case, or 8-16 in upper case since the A12';
  return { normalized: value, parts: { form: '8-16 hex digits', chip: value.slice(0, 8), ecid: value.slice(9) } };
}

function androidId(value: string): Reading | string {
  if (!/^[0-9a-f]{13,16}$/.test(value))
    return 'an Android ID has 16 hex digits in lower case, or 13 to 15 before Android 8';
  const normalized = value.padStart(16, '0');
  const scope = 'The signing key of the app, the user and the phone since Android 8';
  return value.length === 16
    ? { normalized, parts: { scope } }
    : { normalized, parts: { scope }, reason: 'Its leading zeros were left out; they are added.' };
}

const KINDS: Readonly<Record<DeviceIdentifierKind, Kind>> = {
  IMEI: { judgedAs: 'imei', read: imei },
  IMEISV: { judgedAs: 'imei', read: imeisv },
  MEID: { judgedAs: 'meid', read: meid },
  IDFA: { judgedAs: 'idfa', read: uuid('an IDFA', 'toUpperCase') },
  IDFV: { judgedAs: 'idfv', read: uuid('an IDFV', 'toUpperCase') },
  GAID: { judgedAs: 'gaid', read: uuid('a GAID', 'toLowerCase') },
  OAID: { judgedAs: 'oaid', read: oaid },
  UDID: { judgedAs: 'udid', read: udid },
  ANDROID_ID: { judgedAs: 'android_id', read: androidId },
};

export const DEVICE_IDENTIFIER_KINDS = Object.keys(KINDS) as readonly DeviceIdentifierKind[];

/** Reads one reported identifier; whatever it is, it has a status. */
export function readDeviceIdentifier(kind: DeviceIdentifierKind, value: string): DeviceIdentifier {
  const { judgedAs, read } = KINDS[kind];
  const without = (status: IdentifierStatus, reason: string): DeviceIdentifier => ({
    kind,
    status,
    normalized: null,
    reason: `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`,
    parts: null,
  });
  const status = identifierStatus(judgedAs, value);
  if (status === 'ABSENT') return without(status, 'the phone reported nothing');
  const cleaned = value.replace(judgedAs === 'imei' || judgedAs === 'meid' ? BLANKS_AND_DASHES : BLANKS, '');
  if (status === 'NULL_LIKE') return without(status, nullLikeReason(cleaned));
  const reading = read(cleaned);
  if (typeof reading === 'string') return without('INVALID', reading);
  return {
    kind,
    status: 'VALID',
    normalized: reading.normalized,
    reason: reading.reason ?? null,
    parts: reading.parts,
  };
}

function nullLikeReason(cleaned: string): string {
  const bare = cleaned.replaceAll('-', '');
  const end = 'it stands for no device and links no customers';
  if (/^(.)\1*$/.test(bare))
    return `it is one digit again and again, what a phone reports that gives no identifier: ${end}`;
  if (/^00\d+$/.test(bare)) return `an allocation that begins with 00 is for tests: ${end}`;
  if (/^[a-z/]+$/i.test(bare)) return `it is a word for nothing: ${end}`;
  return `very many phones report this value: ${end}`;
}
