/** SQL with its values written out: for the text of a view, which takes no parameters. */
import { Param, type Sql } from './sql.js';

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const ELEMENTS = /^Array\((.+)\)$/s;

/** A value as ClickHouse would read its parameter of that type. */
function literal(value: unknown, type: string): string {
  if (value === null || value === undefined) return 'NULL';
  const element = ELEMENTS.exec(type)?.[1];
  if (element !== undefined) {
    const values = (value as readonly unknown[]).map((one) => literal(one, element));
    return `CAST([${values.join(', ')}], ${quoted(type)})`;
  }
  return type === 'String' ? quoted(String(value)) : `CAST(${quoted(String(value))}, ${quoted(type)})`;
}

/** The text of a statement without parameters: each is written where it stands, as a literal of its type. */
export const withLiterals = ({ parts }: Sql): string =>
  parts.map((part) => (part instanceof Param ? literal(part.value, part.type) : part)).join('');
