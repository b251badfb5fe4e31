/** What ClickHouse says of a statement, without what it quotes of the rows. */
import type { ClickHouseError } from '@clickhouse/client';
import type { RenderedSql } from '../core/definitions/sql.js';
import { CODES, type Meaning, UNLISTED } from './clickhouse-codes.js';

/** Characters of a message that are looked at: it may quote the whole statement. */
const LOOKED_AT = 8_000;
const MAX_NAMES = 4;
const THROW_IF = '395';

/** Where the server's message names a function, a column or a table. Whether it is such a name, the statement says. */
const MARKS = [
  /\bwhile executing (?:function |'FUNCTION )(\w+)/gi,
  /\b(?:(?:function )?identifier|name|function|column|key|alias) ['"`]?([\p{L}_][\p{L}\p{N}_.]*)/giu,
  /\b__table\d+\.([\p{L}_][\p{L}\p{N}_]*)/gu,
];
const TYPES =
  /\b(?:as|types?|to) (U?Int\d+|Float\d+|Decimal|DateTime64|DateTime|Date32|Date|Bool|UUID|IPv4|IPv6|FixedString|String|Enum\d*|Array|Map|Tuple)\b/gi;
/** Where the SQL of a caller is not well formed; a text of a row that is read as SQL has no line. */
const PLACE = /^Syntax error: failed at position (\d+)\b(?:.{0,200}?\(line (\d+), col (\d+)\))?/s;
const CUT = /(?:[:,] )?\b(?:in scope|while executing)\b/i;

/**
 * A refusal by ClickHouse: its code, words of ours, and the names among the server's words that the statement itself has outside of its literals.
 * So no value of a row is in it, whatever the server quotes and however: the server's own message ends here, and its `system.query_log` keeps it
 * under the query's id.
 */
export class Refusal extends Error {
  readonly meaning: Meaning;
  /** ClickHouse's code. */
  readonly code: string;
  readonly #text: string;

  constructor({ code, message }: Pick<ClickHouseError, 'code' | 'message'>, statement: RenderedSql) {
    const { meaning, words } = CODES.get(code) ?? UNLISTED;
    const name = CODES.get(code)?.name;
    const text = message.replace(/^.*?DB::Exception:\s*/s, '').slice(0, LOOKED_AT);
    const at = [placeIn(text), ...namesIn(text, statement.query)].filter((each) => each !== null);
    const place = at.length > 0 ? `, at ${at.join(', ')}` : '';
    super(raisedBy(code, text, statement) ?? `${words}${place} (ClickHouse ${code}${name ? ` ${name}` : ''})`);
    this.name = 'Refusal';
    this.meaning = meaning;
    this.code = code;
    this.#text = text;
  }

  /** Whether the server's own message matches. */
  matches(pattern: RegExp): boolean {
    return pattern.test(this.#text);
  }
}

const LAST_PARAMETER = /, \{(\w+):String\}\)/g;
const QUOTED = /'(?:[^'\\]|\\.|'')*'/gs;

/** The message of a throwIf, where the statement has it as the last argument of a call; a message that is computed may be a value. */
function raisedBy(code: string, text: string, { query, params }: RenderedSql): string | null {
  if (code !== THROW_IF) return null;
  const said = text.split(CUT, 1)[0]?.trim() ?? '';
  if (query.includes(`, '${said.replace(/['\\]/g, '\\$&')}')`)) return said;
  return [...query.matchAll(LAST_PARAMETER)].some(([, name = '']) => params[name] === said) ? said : null;
}

const placeIn = (text: string): string | null => {
  const [, position, line, column] = PLACE.exec(text) ?? [];
  if (position === undefined) return null;
  return line === undefined ? `character ${position}` : `line ${line}, column ${column}`;
};

function namesIn(text: string, statement: string): string[] {
  const bare = statement.replace(QUOTED, "''");
  const known = new Set(bare.match(/[\p{L}_][\p{L}\p{N}_]*/gu));
  const names = MARKS.flatMap((mark) => [...text.matchAll(mark)].flatMap(([, name = '']) => name.split('.')));
  const ours = names.filter((name) => known.has(name)).map((name) => name.replace(/^import_stage_\w+$/, 'file'));
  const types = [...text.matchAll(TYPES)].map(([, type = '']) => type);
  return [...new Set([...ours, ...types])].slice(0, MAX_NAMES).map((name) => `\`${name.slice(0, 64)}\``);
}
