import type { RowRight } from '../core/ports/access.js';

const RIGHT = /^([a-z][a-z0-9_]*)=(.+)$/s;

/**
 * Rights to rows as the entry of a key writes them: `product=CASH|LINE;province=%E5%B9%BF%E4%B8%9C`, all of which must hold. What the grammar uses, and what a line
 * of text does not hold, is percent-encoded.
 * @throws a sentence that says what is wrong
 */
export function parseRowRights(text: string): readonly RowRight[] {
  const rights = text.split(';').map((part): RowRight => {
    const [, dimension, values] = RIGHT.exec(part) ?? [];
    if (!dimension || !values) throw new Error('its rows are not dimension=value|value;dimension=value');
    return { dimension, values: values.split('|').map(decoded) };
  });
  const twice = rights.find(({ dimension }, index) => rights.findIndex((one) => one.dimension === dimension) !== index);
  if (twice)
    throw new Error(`its rows name '${twice.dimension}' twice: write its values in one place, with | between them`);
  return rights;
}

function decoded(value: string): string {
  try {
    const text = decodeURIComponent(value);
    if (text !== '') return text;
  } catch {
    throw new Error('its rows hold a % that begins no percent-encoded character: write %25');
  }
  throw new Error('its rows hold an empty value');
}
