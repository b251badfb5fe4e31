/** Finds the function calls of a statement as ClickHouse prints it: one line, no comments, a name right before its parenthesis. */

/** Where a part of a statement begins, and where it ends. */
interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Call extends Span {
  readonly name: string;
  /** Texts of the arguments. */
  readonly args: readonly string[];
}

const QUOTES = new Set(["'", '`', '"']);

/** The index after a quoted text that begins at `start`. */
function afterQuoted(text: string, start: number): number {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === quote && text[at + 1] === quote) at++;
    else if (text[at] === quote) return at + 1;
  }
  return text.length;
}

/** Every call, an outer one before those in its arguments. */
export function callsIn(statement: string): Call[] {
  const calls: Call[] = [];
  const name = /[A-Za-z_]\w*\(/y;
  for (let at = 0; at < statement.length; ) {
    if (QUOTES.has(statement[at] as string)) {
      at = afterQuoted(statement, at);
      continue;
    }
    name.lastIndex = at;
    const opened = name.exec(statement)?.[0];
    if (opened !== undefined) {
      const open = at + opened.length;
      calls.push({ name: opened.slice(0, -1), start: at, ...argumentsFrom(statement, open) });
      at = open;
      continue;
    }
    // A name that calls nothing is passed whole, so that its end is not taken for a name of its own.
    at += /^\w+/.exec(statement.slice(at, at + 200))?.[0].length ?? 1;
  }
  return calls;
}

/** A call, a column, a literal, or an element of one, that ends at `end`: what an operator after it takes, where no other binds closer. */
function operandBefore(text: string, end: number): Span {
  const opened: number[] = [];
  // Where that begins which goes on as long as nothing parts it: `f(x)[1].2`.
  let start = 0;
  for (let at = 0; at < end; ) {
    const character = text[at] as string;
    const goesOn = at > start && /[\w.`"'\])]/.test(text[at - 1] as string);
    if (!goesOn) start = at;
    if (character === '(' || character === '[') {
      opened.push(start);
      start = at + 1;
    } else if (character === ')' || character === ']') start = opened.pop() ?? at;
    else if (/[\s,]/.test(character)) start = at + 1;
    at = QUOTES.has(character) ? afterQuoted(text, at) : at + 1;
  }
  return { start, end };
}

/** What an operator right before `from` takes, as `operandBefore`; a sign before it is none of it. */
function operandAfter(text: string, from: number): Span {
  const start = text[from] === '-' ? from + 1 : from;
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const character = text[at] as string;
    if (depth === 0 && /[\s,)\]]/.test(character)) break;
    if (character === '(' || character === '[') depth++;
    else if (character === ')' || character === ']') depth--;
    at = QUOTES.has(character) ? afterQuoted(text, at) : at + 1;
  }
  return { start, end: at };
}

/** What every `+` and `-` between two operands takes; of a window function the whole, with its OVER. */
export function operandsIn(text: string): readonly Span[] {
  const spans = new Map<number, Span>();
  for (let at = 0; at < text.length; ) {
    if (/^ [+-] $/.test(text.slice(at, at + 3))) {
      const [before, after] = [operandBefore(text, at), operandAfter(text, at + 3)];
      const isOver = text.slice(0, before.start).endsWith(OVER);
      const first = isOver ? { ...before, start: operandBefore(text, before.start - OVER.length).start } : before;
      const last = text.startsWith(OVER, after.end) ? operandAfter(text, after.end + OVER.length) : after;
      for (const span of [first, { start: after.start, end: last.end }]) spans.set(span.start, span);
    }
    at = QUOTES.has(text[at] as string) ? afterQuoted(text, at) : at + 1;
  }
  return [...spans.values()];
}

const OVER = ' OVER ';

function argumentsFrom(text: string, open: number): Pick<Call, 'args' | 'end'> {
  const args: string[] = [];
  let depth = 0;
  let from = open;
  for (let at = open; at < text.length; at++) {
    const character = text[at] as string;
    if (QUOTES.has(character)) at = afterQuoted(text, at) - 1;
    else if (character === '(' || character === '[') depth++;
    else if ((character === ')' || character === ']') && depth > 0) depth--;
    else if (character === ')' || (character === ',' && depth === 0)) {
      args.push(text.slice(from, at).trim());
      from = at + 1;
      if (character === ')') return { args, end: from };
    }
  }
  return { args, end: text.length };
}

/** An expression without the aliases that it gives: a copy of it would give them a second time. One with a subquery stays, whose names it may need. */
export function withoutAliases(expression: string): string {
  if (/\bSELECT\b/.test(expression)) return expression;
  return expression.replace(
    /('(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.)*`)| AS (?:`(?:[^`\\]|\\.)*`|\w+)/g,
    (_, quoted?: string) => quoted ?? '',
  );
}

/** The bare names of an expression that are no functions: columns, aliases, and a few words of SQL. */
export function namesIn(expression: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [found, quoted, bare] of expression.matchAll(
    /'(?:[^'\\]|\\.|'')*'|`((?:[^`\\]|\\.)*)`|([A-Za-z_]\w*)(?!\w*\()/g,
  )) {
    if (!found.startsWith("'")) names.add((quoted ?? bare ?? '').replace(/\\(.)/g, '$1'));
  }
  return names;
}
