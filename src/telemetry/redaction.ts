/**
 * The one place that says what never reaches a log: keys and headers that carry them, personal fields of the lending schema, and
 * the values of entities, spines and events, which may hold either. pino looks one wildcard level down, so each is named at the
 * depths at which our log lines hold it.
 */
const SECRETS = ['authorization', 'cookie', 'key', 'keys', 'apiKey', 'password', 'token', 'secret', 'RISKGRAPH_KEYS'];

const PERSONAL = [
  'id_number',
  'phone',
  'email',
  'address_text',
  'name_hash',
  'ip',
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

/** Under these names a number is a count; anything else is the data itself. */
const COUNTS = new Set(['entities', 'spine', 'events', 'row', 'rows', 'values', 'keys']);

export const REDACTION = {
  paths: [...SECRETS, ...PERSONAL].flatMap(atEveryDepth),
  censor: (value: unknown, path: readonly string[]): unknown =>
    typeof value === 'number' && COUNTS.has(path.at(-1) ?? '') ? value : '[redacted]',
};

/** Connection strings carry passwords; text that may hold one goes through here. */
export const withoutPasswords = (text: string): string =>
  text.replace(/(\w+:\/\/[^\s:/@]*):[^\s@/]+@/g, '$1:[redacted]@');
