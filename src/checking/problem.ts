/** What `riskgraph check` finds. */
export interface Problem {
  /** Path from the project's folder. */
  readonly file: string;
  /** From 1; null where the problem is of the whole file. */
  readonly line: number | null;
  readonly column: number | null;
  readonly check: 'types' | 'definition' | 'query' | 'model';
  readonly message: string;
  /** What to do; null where the message says it. */
  readonly hint: string | null;
}

const lineOf = (text: string, pattern: RegExp): number | null => {
  const index = text.search(pattern);
  return index < 0 ? null : text.slice(0, index).split('\n').length;
};

const escaped = (words: string): string => words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The line of a definition that a message is about: what it quotes or names, else that of `fallback`, else that of the default export. */
export function lineAbout(text: string, message: string, fallback?: RegExp): number | null {
  const [, quoted] = /'([^'\n]{2,80})'/.exec(message) ?? [];
  const [, named] = /^(?:feature|input|parameter|output) (\w+)/.exec(message) ?? [];
  const [, property] =
    /^(?:has no |has |its )?(owner|description|features|ttl|maxAge|delay|schedule|absent)\b/.exec(message) ?? [];
  const patterns = [
    ...(quoted ? [new RegExp(escaped(quoted))] : []),
    ...(named ? [new RegExp(`\\b${named}\\s*:`)] : []),
    ...(property ? [new RegExp(`\\b${property}\\s*:`)] : []),
    ...(fallback ? [fallback] : []),
    /export default/,
  ];
  for (const pattern of patterns) {
    const line = lineOf(text, pattern);
    if (line !== null) return line;
  }
  return null;
}
