/** Measures of a fact, which are aggregates, as columns of its rows. */
import type { FactMeasure } from '../core/definitions/define-fact.js';

/** A measure of one row, and the aggregate of the column that gives the measure back. */
export interface RowMeasure {
  readonly name: string;
  /** SQL over a row: a number to add up, or the person or thing that is counted once. */
  readonly value: string;
  /** Whether rows are counted once for each value, which names someone or something. */
  readonly isKey: boolean;
  /** The aggregate over the column, such as `sum(balance)`. */
  readonly read: string;
}

const AGGREGATE = /\b(count|sum|uniqExact|quantileExact)(If)?(OrNull)?(\([\d.]+\))?\(/;
/** What may be one more aggregate, beside the one or in it: a column of a row cannot stand for both. */
const ONE_MORE =
  /\b(?:sum|count|avg|min|max|any|uniq|quantile|median|group|arg|stddev|var|corr|covar|top|first_value|last_value|entropy)\w*\(/;

/** The arguments of a call whose parenthesis is open at `from`, and where it ends. */
function argumentsFrom(text: string, from: number): { readonly args: readonly string[]; readonly end: number } {
  const args: string[] = [];
  let depth = 0;
  let start = from;
  for (let at = from; at < text.length; at++) {
    const character = text[at] as string;
    if (character === "'") at = text.indexOf("'", at + 1);
    else if ('(['.includes(character)) depth++;
    else if (')]'.includes(character) && depth > 0) depth--;
    else if (character === ')' || (character === ',' && depth === 0)) {
      args.push(text.slice(start, at).trim());
      start = at + 1;
      if (character === ')') return { args: args.filter((arg) => arg !== ''), end: start };
    }
  }
  return { args, end: text.length };
}

/** Null where the measure is no aggregate of one value a row: it has no column. */
export function rowMeasure(name: string, { expression }: FactMeasure): RowMeasure | null {
  const call = AGGREGATE.exec(expression);
  if (!call) return null;
  const [opened, aggregate = '', isConditional, orNull = '', level = ''] = call;
  const { args, end } = argumentsFrom(expression, call.index + opened.length);
  const rest = [expression.slice(0, call.index), ...args, expression.slice(end)];
  if (rest.some((part) => ONE_MORE.test(part))) return null;
  const condition = isConditional ? args.at(-1) : undefined;
  const value = isConditional ? args.slice(0, -1)[0] : args[0];
  const around = (read: string): string => expression.slice(0, call.index) + read + expression.slice(end);
  const holds = condition === undefined ? '1' : `ifNull(${condition}, 0)`;
  if (aggregate === 'count') return { name, value: `toUInt8(${holds})`, isKey: false, read: around(`sum(${name})`) };
  const kept =
    condition === undefined ? (value ?? '') : `if(${holds}, ${value}, ${aggregate === 'sum' ? '0' : 'NULL'})`;
  const read = around(`${aggregate}${orNull}${level}(${name})`);
  return { name, value: kept, isKey: aggregate === 'uniqExact', read };
}
