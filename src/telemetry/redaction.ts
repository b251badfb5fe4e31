/**
 * The one place that says what never reaches a log: keys and headers that carry them, personal columns of the source tables, and
 * the values of entities, spines and events, which may hold either. pino looks one wildcard level down, so each is named at the
 * depths at which our log lines hold it.
 */
const SECRETS = ['authorization', 'cookie', 'key', 'keys', 'apiKey', 'password', 'token', 'secret', 'RISKGRAPH_KEYS'];

/** Personal under names that no table uses, and what may hold personal values. */
const PERSONAL = [
  'id_number',
  'phone',
  'email',
  'address_text',
  'name_hash',
  'imei',
  'imsi',
  'oaid',
  'idfa',
  'mac',
  'lat',
  'lon',
  'entities',
  'spine',
  'events',
  'variables',
  'row',
  'rows',
  'values',
];

const atEveryDepth = (name: string): string[] => [name, `*.${name}`, `*.*.${name}`, `*.*.*.${name}`];

/** Under these names a number is a count; any other value is data. */
const COUNTS = new Set(['entities', 'spine', 'events', 'row', 'rows', 'values', 'keys']);

/** @param tagged names of columns that the tables tag as personal, so that a new one is redacted without being named here */
export const redaction = (tagged: Iterable<string>) => ({
  paths: [...new Set([...SECRETS, ...tagged, ...PERSONAL])].flatMap(atEveryDepth),
  censor: (value: unknown, path: readonly string[]): unknown =>
    typeof value === 'number' && COUNTS.has(path.at(-1) ?? '') ? value : '[redacted]',
});

/** Connection strings carry passwords; text that may hold one goes through here. */
export const withoutPasswords = (text: string): string =>
  text.replace(/(\w+:\/\/[^\s:/@]*):[^\s@/]+@/g, '$1:[redacted]@');

const SINGLE_QUOTED = /'(?:[^'\\]|\\.)*'/g;
/** Postgres and Node quote names and values alike; a name stands after its noun. */
const DOUBLE_QUOTED =
  /(?<!\b(?:relation|column|table|constraint|index|schema|function|type|role|user|database|module|package) )"(?:[^"\\]|\\.)*"/g;

/** The message of a library may quote the value that it failed on, which may be personal. Our own messages quote names alone. */
export const withoutQuotedValues = (text: string): string =>
  text.replace(SINGLE_QUOTED, "'[redacted]'").replace(DOUBLE_QUOTED, '"[redacted]"');
