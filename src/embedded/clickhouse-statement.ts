/** Parses the text of a request: the kind of statement, its output format, and where its inline data begin. */

import { ServerError } from './clickhouse-errors.js';
import { type Token, tokens } from './clickhouse-lexer.js';

export interface Statement {
  /** `select` streams, `insert` writes data that come with it, `other` is run as it stands. */
  readonly kind: 'select' | 'insert' | 'other';
  /** The statement without its FORMAT clause, inline data and anything after its end. */
  readonly sql: string;
  /** Its own FORMAT, which wins over the request's default. */
  readonly format?: string;
  /** The SETTINGS after FORMAT, which hold for the whole statement. */
  readonly tail: string;
  /** The inline data of an `insert`; empty where the body brings them. */
  readonly inlineData?: string;
  /** Where the file's name goes in an `insert` that reads its data by `input('structure')`. */
  readonly input?: { readonly before: string; readonly structure: string; readonly after: string };
  /** A `;` stands somewhere: the engine's own parser must say whether it is one statement. */
  readonly hasSemicolon: boolean;
}

/** They would read or write beside the database, which a ClickHouse server does not allow by default either. */
const OUTSIDE =
  /^(?:file|url|s3|gcs|oss|cosn|hdfs|executable|remote|remotesecure|cluster|mysql|postgresql|sqlite|mongodb|redis|odbc|jdbc|python|azureblobstorage|iceberg|deltalake|hudi|paimon|ytsaurus|arrowflight)(?:cluster|local|azure|s3|hdfs)*$/i;

const CONNECTION_STATE = 'requests share connections; send settings and the database with each request';

/** @throws ServerError where the server refuses the statement, saying why */
export function parseStatement(text: string): Statement {
  const scan = new Scan(text);
  const first = scan.word(0);
  if (first === 'SET' || first === 'USE') {
    throw new ServerError(`${first} is not served by the embedded ClickHouse: ${CONNECTION_STATE}`, 344);
  }
  if (first === 'CREATE' && /^(?:TEMPORARY|TEMP)$/.test(scan.word(scan.word(1) === 'OR' ? 3 : 1) ?? '')) {
    throw new ServerError(`temporary tables are not served by the embedded ClickHouse: ${CONNECTION_STATE}`, 344);
  }
  if (first === 'SYSTEM' && /^(?:SHUTDOWN|KILL|SUSPEND)$/.test(scan.word(1) ?? '')) {
    throw new ServerError('SYSTEM SHUTDOWN, KILL and SUSPEND are not served: stop Riskgraph instead', 344);
  }
  return first === 'INSERT' ? parseInsert(scan) : parseQuery(scan, first);
}

/** The significant tokens of a text, read as far as it is SQL and not data. */
class Scan {
  readonly all: Token[] = [];
  hasSemicolon = false;

  constructor(readonly text: string) {
    const insert = /^INSERT$/i;
    let isInsert: boolean | undefined;
    for (const token of tokens(text)) {
      if (token.kind === 'space') continue;
      const last = this.all.at(-1);
      this.all.push(token);
      isInsert ??= token.kind === 'word' && insert.test(this.of(token));
      if (token.kind === 'punctuation' && this.of(token) === ';') this.hasSemicolon = true;
      // After FORMAT x and VALUES of an INSERT come data, which may look like anything.
      if (!isInsert || token.kind !== 'word' || token.depth !== 0 || this.all.length <= 3) continue;
      if (this.of(token).toUpperCase() === 'VALUES' || (last && this.isWord(last, 'FORMAT'))) break;
    }
    this.refuseOutside();
  }

  of(token: Token): string {
    return this.text.slice(token.start, token.end);
  }

  /** The n-th token in upper case, if it is a word. */
  word(index: number): string | undefined {
    const token = this.all[index];
    return token?.kind === 'word' ? this.of(token).toUpperCase() : undefined;
  }

  isWord(token: Token, word: string): boolean {
    return token.kind === 'word' && this.of(token).toUpperCase() === word;
  }

  private refuseOutside(): void {
    for (const [index, token] of this.all.entries()) {
      const next = this.all[index + 1];
      if (token.kind === 'word' || token.kind === 'quoted') {
        const name = token.kind === 'quoted' ? this.of(token).slice(1, -1) : this.of(token);
        if (next && this.of(next) === '(' && OUTSIDE.test(name)) {
          throw new ServerError(`${name}(…) is not served: it reaches outside the database`, 344);
        }
      }
      const pair = `${this.word(index)} ${this.word(index + 1)}`;
      if (pair === 'INTO OUTFILE' || pair === 'FROM INFILE' || pair === 'INTO FUNCTION') {
        throw new ServerError(`${pair} is not served: it reaches outside the database`, 344);
      }
    }
  }

  /** The FORMAT clause at the end, which ClickHouse takes before or after SETTINGS. */
  formatClause(): { readonly at: Token; readonly name: Token } | undefined {
    for (let index = this.all.length - 2; index > 0; index--) {
      const [at, name] = [this.all[index], this.all[index + 1]];
      if (at && name?.kind === 'word' && at.depth === 0 && this.isWord(at, 'FORMAT')) {
        const before = this.all[index - 1];
        // `x.format`, `AS format` and `format = 1` are names; `format(…)` has no word after it.
        if (before && !['.', ',', 'AS'].includes(this.of(before).toUpperCase())) return { at, name };
      }
    }
    return undefined;
  }

  /** Where the statement ends: before trailing semicolons. */
  end(): number {
    let index = this.all.length - 1;
    while (index >= 0 && this.of(this.all[index] as Token) === ';') index--;
    return this.all[index]?.end ?? 0;
  }
}

function parseQuery(scan: Scan, first: string | undefined): Statement {
  const end = scan.end();
  const opens = scan.all[0] && scan.of(scan.all[0]) === '(';
  const select = opens || first === 'SELECT' || first === 'WITH' || first === 'FROM';
  const clause = select ? scan.formatClause() : undefined;
  const base = { kind: select ? 'select' : 'other', hasSemicolon: scan.hasSemicolon } as const;
  if (!clause) return { ...base, sql: scan.text.slice(0, end), tail: '' };
  return {
    ...base,
    sql: scan.text.slice(0, clause.at.start).trimEnd(),
    format: scan.of(clause.name),
    tail: scan.text.slice(clause.name.end, end).trim(),
  };
}

function parseInsert(scan: Scan): Statement {
  const last = scan.all.at(-1) as Token;
  const beforeLast = scan.all.at(-2) as Token;
  const select = scan.all.some(
    (token, index) => index > 2 && token.depth === 0 && (scan.isWord(token, 'SELECT') || scan.isWord(token, 'WITH')),
  );
  const isValues = !select && last.depth === 0 && scan.isWord(last, 'VALUES');
  const hasFormat = scan.isWord(beforeLast, 'FORMAT') && last.kind === 'word' && last.depth === 0;
  const base = { tail: '', hasSemicolon: scan.hasSemicolon };
  if (!isValues && !hasFormat) {
    return { ...base, kind: 'other', sql: scan.text.slice(0, scan.end()) };
  }
  const sql = scan.text.slice(0, (isValues ? last : beforeLast).start).trimEnd();
  const rest = scan.text.slice(last.end);
  const insert: Statement = {
    ...base,
    kind: 'insert',
    sql,
    format: isValues ? 'Values' : scan.of(last),
    // One line end parts the statement from its data.
    inlineData: isValues ? rest.replace(/;\s*$/, '') : rest.replace(/^[ \t]*\r?\n?/, ''),
  };
  return select ? { ...insert, input: inputOf(scan, sql) } : insert;
}

function inputOf(scan: Scan, sql: string): NonNullable<Statement['input']> {
  for (const [index, token] of scan.all.entries()) {
    const [open, structure, close] = scan.all.slice(index + 1, index + 4);
    if (scan.isWord(token, 'INPUT') && open && structure?.kind === 'string' && close && scan.of(open) === '(') {
      return { before: sql.slice(0, token.start), structure: scan.of(structure), after: sql.slice(close.end) };
    }
  }
  throw new ServerError("INSERT … SELECT with data reads them by input('structure')", 62);
}
