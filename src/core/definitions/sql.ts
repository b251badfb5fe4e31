import type { Instant } from '../helpers/time.js';

/** A value with the ClickHouse type it travels as: `param('String', 'C1')`. */
export class Param {
  constructor(
    readonly type: string,
    readonly value: unknown,
  ) {}
}

export interface RenderedSql {
  /** Text with `{p1:Type}` where the values go. */
  readonly query: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** SQL whose values travel as query parameters: its text is only what a definition's author wrote. Immutable; nests. */
export class Sql {
  constructor(readonly parts: readonly (string | Param)[]) {}

  /** Numbers the parameters in order, so that equal SQL renders to equal text. */
  render(): RenderedSql {
    const params: Record<string, unknown> = {};
    let count = 0;
    const query = this.parts
      .map((part) => {
        if (typeof part === 'string') return part;
        const name = `p${++count}`;
        params[name] = part.value;
        return `{${name}:${part.type}}`;
      })
      .join('');
    return { query, params };
  }
}

export const param = (type: string, value: unknown): Param => new Param(type, value);

type Part = Sql | Param | string | number;

/** Template tag: nested `sql` is spliced in, everything else becomes a parameter (strings String, numbers Int64 or Float64). */
export function sql(strings: TemplateStringsArray, ...values: readonly Part[]): Sql {
  const parts: (string | Param)[] = [strings[0] as string];
  values.forEach((value, index) => {
    if (value instanceof Sql) parts.push(...value.parts);
    else if (value instanceof Param) parts.push(value);
    else if (typeof value === 'string') parts.push(new Param('String', value));
    else parts.push(new Param(Number.isInteger(value) ? 'Int64' : 'Float64', value));
    parts.push(strings[index + 1] as string);
  });
  return new Sql(parts);
}

/** Raw text: only for SQL that comes from a definition file or from this code, never from a caller. */
export const raw = (text: string): Sql => new Sql([text]);

/** A quoted identifier. */
export const ident = (name: string): Sql => raw(`\`${name.replace(/[`\\]/g, '\\$&')}\``);

export const join = (parts: readonly Sql[], separator = ', '): Sql =>
  new Sql(parts.flatMap((part, index) => (index === 0 ? part.parts : [separator, ...part.parts])));

/** `YYYY-MM-DD HH:mm:ss.SSS` in UTC: how ClickHouse reads a DateTime64(3, 'UTC'). */
export const instantText = (instant: Instant): string => new Date(instant).toISOString().replace('T', ' ').slice(0, -1);

/** An instant as a DateTime64(3, 'UTC') parameter. */
export const instantSql = (instant: Instant): Sql => sql`${param("DateTime64(3, 'UTC')", instantText(instant))}`;
