/** The types of values, and the forms in which a caller reads and writes them. */
import { RiskgraphError } from './errors.js';

export type ScalarType =
  | 'STRING'
  | 'BOOLEAN'
  | 'INT32'
  | 'INT64'
  | 'FLOAT32'
  | 'FLOAT64'
  | 'DECIMAL'
  | 'DATE'
  | 'TIMESTAMP';
export type ValueType = ScalarType | `ARRAY<${ScalarType}>`;

/** The form of a DECIMAL: `string` is exact, `number` is the nearest double. */
export type DecimalForm = 'string' | 'number';
/** The form of an INT64, of which a number would lose digits. */
export type Int64Form = 'string' | 'bigint';

/** The forms in which an answer gives what a JSON number cannot hold. */
export interface Forms {
  readonly decimals?: DecimalForm | undefined;
  readonly int64?: Int64Form | undefined;
}

type ScalarOf<T extends ScalarType, D extends DecimalForm, I extends Int64Form> = T extends 'BOOLEAN'
  ? boolean
  : T extends 'INT32' | 'FLOAT32' | 'FLOAT64'
    ? number
    : T extends 'DECIMAL'
      ? D extends 'number'
        ? number
        : string
      : T extends 'INT64'
        ? I extends 'bigint'
          ? bigint
          : string
        : string;

/** A value of a type, where there is one. A DATE is `YYYY-MM-DD`, a TIMESTAMP is RFC 3339 in UTC; the elements of an array may be null. */
export type ValueOf<
  T extends ValueType,
  D extends DecimalForm = 'string',
  I extends Int64Form = 'string',
> = T extends `ARRAY<${infer E extends ScalarType}>`
  ? readonly (ScalarOf<E, D, I> | null)[]
  : T extends ScalarType
    ? ScalarOf<T, D, I>
    : never;

type ScalarInput<T extends ScalarType> = T extends 'BOOLEAN'
  ? boolean
  : T extends 'INT32' | 'FLOAT32' | 'FLOAT64'
    ? number
    : T extends 'INT64'
      ? string | bigint
      : T extends 'TIMESTAMP'
        ? string | Date
        : string;

/** A value as a caller writes it: a DECIMAL is text, so that no digit is lost on the way. */
export type InputOf<T extends ValueType> = T extends `ARRAY<${infer E extends ScalarType}>`
  ? readonly (ScalarInput<E> | null)[]
  : T extends ScalarType
    ? ScalarInput<T>
    : never;

type Scalar = string | number | bigint | boolean | null;
/** Any value that an answer holds. */
export type AnyValue = Scalar | readonly Scalar[];

/** Brings a value of the wire to the form that is asked for. */
export function readValue(type: string, value: unknown, { decimals, int64 }: Forms): AnyValue {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) {
    const element = type.slice('ARRAY<'.length, -1);
    return value.map((item) => readValue(element, item, { decimals, int64 }) as Scalar);
  }
  if (type === 'DECIMAL' && decimals === 'number') return Number(value);
  // A masked number is null, and a masked text is a hash that no number is made of.
  if (type === 'INT64' && int64 === 'bigint') return BigInt(value as string);
  return value as Scalar;
}

/**
 * The JSON of a question as the server reads it: whole numbers beyond a double as text, instants in UTC.
 * @throws BAD_USER_INPUT where a value has no form in JSON: as null an invalid Date would mean now, and NaN no value
 */
export function toJson(question: { readonly query: string; readonly variables: object }): string {
  const places = new Map<unknown, string>([[question.variables, '']]);
  return JSON.stringify(question, function (this: Readonly<Record<string, unknown>>, name: string, value: unknown) {
    if (typeof value === 'bigint') return value.toString();
    const place = placeIn(this, name, places.get(this));
    if (typeof value === 'object' && value !== null && !places.has(value)) places.set(value, place);
    const given = this[name];
    const isLost = value === null ? given !== null : typeof value === 'number' && !Number.isFinite(value);
    if (isLost) throw unsendable(place, given);
    return value;
  });
}

/** Where a value stands, as `input.spine.income[3]`. */
const placeIn = (holder: unknown, name: string, place: string | undefined): string =>
  Array.isArray(holder) ? `${place}[${name}]` : place ? `${place}.${name}` : name;

const unsendable = (place: string, value: unknown): RiskgraphError =>
  new RiskgraphError({
    code: 'BAD_USER_INPUT',
    message: `${place} is ${typeof value === 'number' ? value : 'an invalid date'}, which has no form in JSON`,
    hint: 'send a finite number or a valid Date, or null where there is no value',
  });
