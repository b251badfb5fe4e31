import { badInput } from '../core/errors.js';

/** `name=value,value`: the name of a column and the text of its values. */
function split(pair: string): [string, string[]] {
  const at = pair.indexOf('=');
  if (at < 1) throw badInput(`'${pair}' is no column`, 'write name=value,value,…');
  return [pair.slice(0, at), pair.slice(at + 1).split(',')];
}

/** Join keys as the API takes them: columns of texts. */
export const keyColumns = (pairs: readonly string[]): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(pairs.map(split));

/** Digits that every number keeps on its way; a longer one, such as an id or an exact decimal, stays the text that it is. */
const SAFE_DIGITS = 15;

/** A number, true, false or null stands for itself, anything else for its text; quotes make a text of a number. */
function readValue(text: string): unknown {
  if (text.replaceAll(/\D/g, '').length > SAFE_DIGITS) return text;
  if (!/^(-?\d+(\.\d+)?([eE][-+]?\d+)?|true|false|null|".*")$/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Request inputs as the API takes them. */
export const requestColumns = (pairs: readonly string[]): Readonly<Record<string, readonly unknown[]>> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const [name, values] = split(pair);
      return [name, values.map(readValue)];
    }),
  );
