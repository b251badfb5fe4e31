/** The types of values, and the forms in which a caller reads and writes them. */

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

/** JSON as the server reads it: whole numbers beyond a double as text, instants in UTC. */
export const toJson = (body: unknown): string =>
  JSON.stringify(body, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
