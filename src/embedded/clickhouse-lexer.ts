/** Cuts ClickHouse SQL into tokens, by the rules of its own lexer. */

export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'punctuation' | 'space';

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  /** Open brackets before it. */
  readonly depth: number;
}

const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const NUMBER = /\d[\w.]*/y;
const SPACE = /\s+/y;
/** `--` and `//` always, `#` only before a blank or `!`: as ClickHouse does. */
const LINE_COMMENT = /(?:--|\/\/|#(?=[ !]))[^\n]*/y;
const BLOCK_COMMENT = /\/\*[\s\S]*?(?:\*\/|$)/y;
const HEREDOC = /\$(\w*)\$[\s\S]*?\$\1\$/y;
const CURLY_QUOTED = /‘[^’]*’|“[^”]*”/y;

const match = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
};

/** The end of a literal that opens at `at`: backslash escapes, and a doubled quote stands for itself. */
const closing = (text: string, at: number): number => {
  const quote = text[at];
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === quote) {
      if (text[i + 1] !== quote) return i + 1;
      i++;
    }
  }
  return text.length;
};

/** Yields tokens with comments as `space`; stop early to leave the rest (inline data) unread. */
export function* tokens(text: string): Generator<Token> {
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    const start = at;
    const char = text[at] as string;
    let kind: TokenKind = 'punctuation';
    let end = -1;
    for (const pattern of [SPACE, LINE_COMMENT, BLOCK_COMMENT]) {
      end = match(pattern, text, at);
      if (end > 0) break;
    }
    if (end > 0) kind = 'space';
    else if (char === "'") [kind, end] = ['string', closing(text, at)];
    else if (char === '`' || char === '"') [kind, end] = ['quoted', closing(text, at)];
    else {
      end = match(HEREDOC, text, at);
      if (end > 0) kind = 'string';
      else {
        end = match(CURLY_QUOTED, text, at);
        if (end > 0) kind = char === '‘' ? 'string' : 'quoted';
        else {
          end = match(WORD, text, at);
          if (end > 0) kind = 'word';
          else {
            end = match(NUMBER, text, at);
            if (end > 0) kind = 'number';
            else end = at + 1;
          }
        }
      }
    }
    if (kind === 'punctuation' && ')]}'.includes(char)) depth--;
    yield { kind, start, end, depth };
    if (kind === 'punctuation' && '([{'.includes(char)) depth++;
    at = end;
  }
}
