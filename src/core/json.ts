/** JSON as callers and files bring it, read without a loss: a number keeps its digits, and no name is given twice. */

import { badInput, type RiskgraphError } from './errors.js';

export type ReadJson = { readonly value: unknown } | JsonProblem;

export interface JsonProblem {
  /** The end of a sentence. */
  readonly problem: string;
  /** The field of the outermost object that is at fault, or that holds what is. */
  readonly field: string | null;
  /** The fault is within the field's value. */
  readonly within: boolean;
}

/** A number that is written otherwise than a double prints it: too long for one, or with zeros at the end of its fraction. */
const WRITTEN_OTHERWISE = /[\d.]{16}|\.\d*0(?!\d)/;
const NO_JSON_NUMBER = /(?:^|[[:,\s])-?(?:NaN|Infinity)\b/;

/**
 * Reads one JSON text. Numbers that a double would print in another way come as the text that is written: 9007199254740993, 12.50, 1001.0.
 */
export function readJson(text: string): ReadJson {
  let value: unknown;
  try {
    value = WRITTEN_OTHERWISE.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
  } catch {
    const problem = NO_JSON_NUMBER.test(text)
      ? 'is not JSON: NaN and Infinity have no form in it, null is no value'
      : 'is not JSON';
    return { problem, field: null, within: false };
  }
  // A text may hold what looks like a name, so more of them is only a reason to look closer.
  if ((text.match(/"\s*:/g)?.length ?? 0) === namesOf(value)) return { value };
  const repeated = repeatedName(text);
  return repeated ? { problem: 'gives a name twice', ...repeated } : { value };
}

const keepDigits = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
  const source = context?.source;
  return typeof value === 'number' && source !== undefined && !/e/i.test(source) && String(value) !== source
    ? source
    : value;
};

function namesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const items: unknown[] = Object.values(value);
  return items.reduce<number>((sum, item) => sum + namesOf(item), Array.isArray(value) ? 0 : items.length);
}

/** The place of the first name that an object of a valid JSON text gives twice. */
function repeatedName(text: string): Pick<JsonProblem, 'field' | 'within'> | null {
  const open: Set<string>[] = [];
  let field: string | null = null;
  for (const { 0: token, 1: named } of text.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (named !== undefined) {
      const name = JSON.parse(named) as string;
      if (open.length === 1) field = name;
      if (open.at(-1)?.has(name)) return { field, within: open.length > 1 };
      open.at(-1)?.add(name);
    }
  }
  return null;
}

/** Whether a JSON text has more than `limit` brackets within each other. Its time grows with the length of any text, also one that is no JSON. */
export function nestsDeeper(text: string, limit: number): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}

/** Whether a whole number is written that no double prints: as a JSON number it would come in as its neighbour. */
export const losesDigits = (written: string): boolean =>
  /^-?\d{16,}$/.test(written) && String(Number(written)) !== written;

/** The place of the first such number in a JSON text, as `variables.spine.x[0]`; null where there is none, or the text is no JSON. */
export function lostDigits(text: string): string | null {
  if (!/\d{16}/.test(text)) return null;
  try {
    return placeOf(JSON.parse(text, markLost), '');
  } catch {
    return null;
  }
}

const LOST = Symbol('a number that lost digits');

const markLost = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === 'number' && context?.source !== undefined && losesDigits(context.source) ? LOST : value;

function placeOf(value: unknown, place: string): string | null {
  if (value === LOST) return place;
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, item] of Object.entries(value)) {
    const found = placeOf(item, Array.isArray(value) ? `${place}[${name}]` : place ? `${place}.${name}` : name);
    if (found !== null) return found;
  }
  return null;
}

/** BAD_USER_INPUT for such a number; it is not quoted, since it may be somebody's number. */
export const tooManyDigits = (where: string): RiskgraphError =>
  badInput(`${where} holds a whole number with more digits than a JSON number keeps`, 'write it as text, in quotes');
