/** Brings values from outside to the one form of core/definitions/types.ts, or refuses them; they are never cast. */
import type { Feature } from '../definitions/definitions.js';
import {
  elementType,
  type FeatureType,
  type FeatureValue,
  isArrayType,
  type ScalarType,
  type ScalarValue,
} from '../definitions/types.js';
import { formatInstant, parseInstant, parseLocalDate } from '../helpers/time.js';

/** The reason why a value is none of its type. */
export interface Misfit {
  readonly misfit: string;
}

export const isMisfit = (value: FeatureValue | Misfit): value is Misfit =>
  typeof value === 'object' && value !== null && 'misfit' in value;

const INT32 = 2 ** 31;
const INT64 = 2n ** 63n;
/** The days and instants that every store can hold. */
const FIRST_YEAR = 1900;
const LAST_YEAR = 2299;
/** Digits before and after the point: Decimal(38, 6). */
const DECIMAL = /^(-?)(\d{1,32})(?:\.(\d{1,6}))?$/;

/** Names the kind of a value for a message; the value itself may be personal. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a whole number' : 'a number';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}

const FORMS: Readonly<Record<ScalarType, string>> = {
  STRING: 'a text',
  BOOLEAN: 'true or false',
  INT32: 'a whole number of 32 bits',
  INT64: "a whole number of 64 bits as text, as '12'",
  FLOAT32: 'a number',
  FLOAT64: 'a number',
  DECIMAL: "a decimal of at most 6 places as text, as '12.5'",
  DATE: `a day 'YYYY-MM-DD' of ${FIRST_YEAR} to ${LAST_YEAR}`,
  TIMESTAMP: `an RFC 3339 instant with a zone of ${FIRST_YEAR} to ${LAST_YEAR}`,
};

const formOf = (type: FeatureType): string =>
  isArrayType(type) ? `a list, each element ${FORMS[elementType(type)]} or null` : FORMS[type as ScalarType];

const misfit = (type: FeatureType, value: unknown): Misfit => ({
  misfit: `${type} is ${formOf(type)}, this is ${kindOf(value)}${typeof value === 'string' || typeof value === 'number' ? ' of another form' : ''}`,
});

/** Null where a number is none; -0 is 0, as in every store. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value + 0 : null);

function decimalOf(text: string): string | undefined {
  const [, sign, whole, fraction = ''] = DECIMAL.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const places = fraction.replace(/0+$/, '');
  const digits = `${whole.replace(/^0+(?=\d)/, '')}${places ? `.${places}` : ''}`;
  return digits === '0' ? '0' : `${sign}${digits}`;
}

function int64Of(text: string): string | undefined {
  if (!/^-?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value >= -INT64 && value < INT64 ? value.toString() : undefined;
}

function inYears<T extends string>(text: T): T | undefined {
  const year = Number(text.slice(0, 4));
  return year >= FIRST_YEAR && year <= LAST_YEAR && /^\d{4}-/.test(text) ? text : undefined;
}

/** The answer of a parser that throws; undefined where it does. */
function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

const SCALARS: Readonly<Record<ScalarType, (value: unknown) => ScalarValue | undefined>> = {
  STRING: (value) => (typeof value === 'string' ? value : undefined),
  BOOLEAN: (value) => (typeof value === 'boolean' ? value : undefined),
  INT32: (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= -INT32 && value < INT32 ? value + 0 : undefined,
  INT64: (value) => (typeof value === 'string' ? int64Of(value) : undefined),
  FLOAT32: (value) => (typeof value === 'number' ? finite(Math.fround(value)) : undefined),
  FLOAT64: (value) => (typeof value === 'number' ? finite(value) : undefined),
  DECIMAL: (value) => (typeof value === 'string' ? decimalOf(value) : undefined),
  DATE: (value) => (typeof value === 'string' ? inYears(parsed(() => parseLocalDate(value)) ?? '') : undefined),
  TIMESTAMP: (value) =>
    typeof value === 'string' ? inYears(parsed(() => formatInstant(parseInstant(value))) ?? '') : undefined,
};

/** Types whose values are numbers in process. */
const NUMBERS: ReadonlySet<FeatureType> = new Set(['INT32', 'FLOAT32', 'FLOAT64']);

/** Digits that a double keeps, whatever they are. */
const EXACT_DIGITS = 15;

const digitsOf = (value: number): number => String(value).replace(/\D/g, '').replace(/^0+/, '').length;

/** A whole number stands for its text where the type is written as text; so does a decimal with so few digits that it is the one that was written. */
const written = (type: ScalarType, value: unknown): unknown => {
  if (typeof value !== 'number') return value;
  if ((type === 'INT64' || type === 'DECIMAL') && Number.isSafeInteger(value)) return String(value);
  if (type === 'DECIMAL' && digitsOf(value) <= EXACT_DIGITS) return String(value);
  return value;
};

function list(type: FeatureType, value: unknown, scalar: (item: unknown) => ScalarValue | undefined) {
  if (!Array.isArray(value)) return misfit(type, value);
  const items = value.map((item: unknown) => (item === null ? null : scalar(item)));
  return items.includes(undefined) ? misfit(type, value) : (items as readonly ScalarValue[]);
}

/** Reads a value that a caller wrote in JSON. */
export function writtenValue(type: FeatureType, value: unknown): FeatureValue | Misfit {
  if (value === null) return null;
  if (isArrayType(type)) {
    const element = elementType(type);
    return list(type, value, (item) => SCALARS[element](written(element, item)));
  }
  const read = SCALARS[type as ScalarType](written(type as ScalarType, value));
  return read === undefined ? misfit(type, value) : read;
}

/** Reads a value that a function returned for a feature: NaN and infinities are null, a list is padded to its length. */
export function computedValue(
  feature: Pick<Feature, 'type' | 'length' | 'pad'>,
  value: unknown,
): FeatureValue | Misfit {
  const { type, length, pad = null } = feature;
  if (!isArrayType(type)) {
    if (value === null) return null;
    if (NUMBERS.has(type) && typeof value === 'number' && !Number.isFinite(value)) return null;
    const read = SCALARS[type as ScalarType](value);
    return read === undefined ? misfit(type, value) : read;
  }
  const items = list(type, value, SCALARS[elementType(type)]);
  if (isMisfit(items) || length === undefined) return items;
  if (items.length > length) return { misfit: `it has ${items.length} elements, more than its ${length}` };
  return [...items, ...Array.from({ length: length - items.length }, () => pad)];
}
