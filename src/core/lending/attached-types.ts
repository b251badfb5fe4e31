/** Which ClickHouse types of an attached table hold nothing that a type of ours would lose. */
import type { SourceType } from '../definitions/define-table.js';

type Holds = (type: string) => boolean;

const among =
  (...types: readonly string[]): Holds =>
  (type) =>
    types.includes(type);

/** A decimal with at most so many digits before the point and after it. */
const decimal =
  (before: number, after: number): Holds =>
  (type) => {
    const [, precision, scale] = /^Decimal\((\d+), (\d+)\)$/.exec(type) ?? [];
    return precision !== undefined && Number(scale) <= after && Number(precision) - Number(scale) <= before;
  };

const either =
  (...each: readonly Holds[]): Holds =>
  (type) =>
    each.some((holds) => holds(type));

const SMALL = ['UInt8', 'UInt16', 'UInt32', 'Int8', 'Int16', 'Int32'];

const HELD: Readonly<Record<SourceType, Holds>> = {
  String: either(among('String', 'UUID'), (type) => /^Enum(8|16)\(/.test(type)),
  UInt8: among('UInt8', 'Bool'),
  UInt16: among('UInt8', 'UInt16'),
  UInt32: among('UInt8', 'UInt16', 'UInt32'),
  Int8: among('Int8'),
  Float64: among('Float32', 'Float64', ...SMALL),
  Money: either(decimal(16, 2), among(...SMALL)),
  Rate: either(decimal(3, 6)),
  Date: among('Date'),
  Date32: among('Date', 'Date32'),
  Instant: (type) => /^DateTime(64\([0-3](, '[^']+')?\))?$/.test(type) || /^DateTime\('[^']+'\)$/.test(type),
  StringMap: among('Map(String, String)'),
  FloatMap: among('Map(String, Float64)'),
  StringArray: among('Array(String)'),
};

const inner = (type: string, wrapper: string): string =>
  type.startsWith(`${wrapper}(`) ? type.slice(wrapper.length + 1, -1) : type;

/** The type without what says how it is stored, and whether it may be NULL. */
export function bareType(stored: string): { readonly type: string; readonly nullable: boolean } {
  const plain = inner(stored, 'LowCardinality');
  const type = inner(plain, 'Nullable');
  return { type, nullable: type !== plain };
}

/** Whether every value of a ClickHouse type, NULL apart, is a value of ours. */
export const holdsAll = (ours: SourceType, type: string): boolean => HELD[ours](type);
