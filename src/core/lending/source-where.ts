import { type Sql, sql } from '../definitions/sql.js';
import { badInput } from '../errors.js';
import type { SourceTable } from './sources.js';

/** A token: a string, a quoted name, a plain name, a number or a mark. */
const TOKEN = /\s+|'(?:[^'\\]|\\.)*'|`((?:[^`\\]|\\.)*)`|([A-Za-z_]\w*)|\d+(?:\.\d+)?|(<=|>=|!=|<>|=|<|>|[-+*/%(),])/y;
const WORDS = new Set('AND OR NOT IN BETWEEN LIKE INTERVAL HOUR DAY WEEK MONTH YEAR'.split(' '));
/** Functions that depend on the key alone, never on the time, so that all versions of a row get the same answer. */
const FUNCTIONS =
  /^(to[A-Z]\w*|from[A-Z]\w*|add[A-Z]\w*|subtract[A-Z]\w*|dateDiff|least|greatest|tuple|startsWith|endsWith|substring|length|lower|upper|has|cityHash64|modulo)$/;

/**
 * A definition's `where` as a `keyFilter` of sourceSelect. BAD_USER_INPUT for a condition that could choose between the versions of one row:
 * it names key columns, the words and functions above and values, and nothing else.
 */
export function keyFilterOf({ name, key }: Pick<SourceTable, 'name' | 'key'>, where: Sql): Sql {
  const refuse = (what: string) =>
    badInput(
      `source('${name}', { where }) ${what}`,
      `compare key columns (${key.join(', ')}) with values; put the rest into the WHERE of the query`,
    );
  // A parameter stands where a number could: it is a value and names nothing.
  const text = where.parts.map((part) => (typeof part === 'string' ? part : ' 0 ')).join('');
  let columns = 0;
  let depth = 0;
  for (let at = 0, next = 0; at < text.length; at = next) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) throw refuse(`has '${text.slice(at, at + 20)}', which no comparison of keys has`);
    next = at + match[0].length;
    const [, quoted, plain, mark] = match;
    if (mark === '(') depth++;
    if (mark === ')' && --depth < 0) throw refuse('closes a bracket that it does not open');
    const word = quoted ?? plain;
    if (word === undefined) continue;
    const called = /^\s*\(/.test(text.slice(next));
    if (key.includes(word) && !called) columns++;
    else if (quoted === undefined && WORDS.has(word.toUpperCase())) continue;
    else if (quoted !== undefined || !called || !FUNCTIONS.test(word)) {
      throw refuse(`names '${word}', which is no key column`);
    }
  }
  if (depth > 0) throw refuse('leaves a bracket open');
  if (columns === 0) throw refuse('names no key column');
  return sql`(${where})`;
}
