/**
 * The columns of a Parquet file, of any writer: the library reads them as structs and repeated groups alone, and lists and maps are made of
 * these here, by the rules of the format for its older and its present layouts.
 */
import type { FileMetaData, SchemaElement, SchemaTree } from 'hyparquet';
import { parquetSchema } from 'hyparquet';
import { badInput } from '../../core/errors.js';
import { bare, leafOf } from './values.js';

export interface ParquetColumn {
  readonly name: string;
  /** The plain form of what the library gives; null where the file has no value. */
  readonly plain: (given: unknown) => unknown;
  readonly zoneless: boolean;
  /** What the column is, where it cannot be read. */
  readonly unreadable: string | null;
}

export interface ParquetSchema {
  readonly columns: readonly ParquetColumn[];
  /** The metadata by which the library is to read. */
  readonly metadata: FileMetaData;
}

export function readSchema(metadata: FileMetaData): ParquetSchema {
  // Spark alone says with INT96 what instant it is; others store the time of a local clock in it.
  const spark = metadata.key_value_metadata?.some(({ key }) => key.startsWith('org.apache.spark.')) ?? false;
  const elements = new Map<SchemaElement, SchemaElement>();
  const shapes = new Shapes(spark, elements);
  const columns = parquetSchema(metadata).children.map((node) => {
    const { name } = node.element;
    const column = shapes.of(node);
    return { ...column, name, plain: isFlat(node) ? everyRow(name, column.plain) : column.plain };
  });
  return {
    columns,
    metadata: { ...metadata, schema: metadata.schema.map((element) => elements.get(element) ?? bare(element)) },
  };
}

const isFlat = ({ element, children }: SchemaTree): boolean =>
  children.length === 0 && element.repetition_type !== 'REPEATED';

/** Of a damaged page the library gives fewer values than there are rows, and no error. */
const everyRow =
  (name: string, plain: ParquetColumn['plain']): ParquetColumn['plain'] =>
  (given) => {
    if (given !== undefined) return plain(given);
    throw badInput(
      `column '${name}' of the Parquet file has fewer values than rows`,
      'the file is damaged: write it again',
    );
  };

type Shape = Omit<ParquetColumn, 'name'>;
type Plain = Shape['plain'];
type Struct = Readonly<Record<string, unknown>>;

const shape = (plain: Plain, parts: readonly Shape[]): Shape => ({
  plain: (given) => (given === null || given === undefined ? null : plain(given)),
  zoneless: false,
  unreadable: parts.find(({ unreadable }) => unreadable !== null)?.unreadable ?? null,
});

/** The library gives null for a field that repeats no time. */
const repeats = <T>(given: unknown): readonly T[] => (given ?? []) as readonly T[];

class Shapes {
  constructor(
    private readonly spark: boolean,
    /** Filled: each leaf's element, and the one by which it is read. */
    private readonly elements: Map<SchemaElement, SchemaElement>,
  ) {}

  of(node: SchemaTree): Shape {
    if (node.element.repetition_type !== 'REPEATED') return this.one(node);
    const { plain, unreadable } = this.one(node);
    return { plain: (items) => repeats(items).map(plain), zoneless: false, unreadable };
  }

  private one(node: SchemaTree): Shape {
    if (node.children.length === 0) return this.leaf(node);
    const meaning = node.element.logical_type?.type ?? node.element.converted_type;
    const [repeated] = node.children as [SchemaTree];
    if (node.children.length === 1 && repeated.element.repetition_type === 'REPEATED') {
      if (meaning === 'LIST') return this.list(node, repeated);
      if ((meaning === 'MAP' || meaning === 'MAP_KEY_VALUE') && repeated.children.length === 2)
        return this.map(repeated);
    }
    if (meaning === 'VARIANT') return { ...this.struct(node), unreadable: 'of the type VARIANT' };
    return this.struct(node);
  }

  private leaf({ element }: SchemaTree): Shape {
    const leaf = leafOf(element, this.spark);
    if (typeof leaf === 'string') return { plain: () => null, zoneless: false, unreadable: leaf };
    this.elements.set(element, leaf.element);
    return { ...shape(leaf.decode, []), zoneless: leaf.zoneless };
  }

  private struct({ children }: SchemaTree): Shape {
    const fields = children.map((child) => ({ name: child.element.name, field: this.of(child) }));
    return shape(
      (given) => Object.fromEntries(fields.map(({ name, field }) => [name, field.plain((given as Struct)[name])])),
      fields.map(({ field }) => field),
    );
  }

  /** Of two levels, where what repeats is the item, or of three, where a group that repeats holds it. */
  private list(node: SchemaTree, repeated: SchemaTree): Shape {
    const { name } = repeated.element;
    const [only] = repeated.children;
    const threeLevels =
      repeated.children.length === 1 &&
      only?.element.repetition_type !== 'REPEATED' &&
      name !== 'array' &&
      name !== `${node.element.name}_tuple`;
    const item = threeLevels ? this.of(only as SchemaTree) : this.one(repeated);
    const within = (only as SchemaTree | undefined)?.element.name ?? '';
    const itemOf = threeLevels ? (each: unknown) => item.plain((each as Struct)[within]) : item.plain;
    return shape((given) => repeats((given as Struct)[name]).map(itemOf), [item]);
  }

  /** Key first, then value, however they are called. Where a key repeats, its last value counts, as the format says. */
  private map(repeated: SchemaTree): Shape {
    const [keyNode, valueNode] = repeated.children as [SchemaTree, SchemaTree];
    const key = this.of(keyNode);
    const value = this.of(valueNode);
    const entry = (pair: Struct): [string, unknown] => [
      String(key.plain(pair[keyNode.element.name])),
      value.plain(pair[valueNode.element.name]),
    ];
    const made = shape(
      (given) => Object.fromEntries(repeats<Struct>((given as Struct)[repeated.element.name]).map(entry)),
      [key, value],
    );
    return keyNode.children.length === 0 ? made : { ...made, unreadable: 'a map whose keys are no text' };
  }
}
