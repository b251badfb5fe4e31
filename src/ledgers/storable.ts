/** What Postgres keeps of any value: it takes neither NUL nor half a character, and an entry of the audit log has a bounded size. */

/** Longest text, most items of a list or an object, deepest nesting and most characters of JSON that are kept. */
const LIMITS = { text: 1_000, items: 50, depth: 6, json: 50_000 } as const;

/** NUL, and a lone surrogate: with the flag u a pair of them does not match. */
const UNSTORABLE = /\0|\p{Surrogate}/gu;

/** A longer text keeps its beginning, with a mark that says how long it was. */
export function storableText(text: string): string {
  const kept = text.length > LIMITS.text ? `${text.slice(0, LIMITS.text)}… (${text.length} characters)` : text;
  return kept.replace(UNSTORABLE, '\u{FFFD}');
}

function storableValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return storableText(value);
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    if (depth >= LIMITS.depth) return `… (${value.length} values)`;
    const kept = value.slice(0, LIMITS.items).map((item) => storableValue(item, depth + 1));
    return value.length > LIMITS.items ? [...kept, `… (${value.length} values)`] : kept;
  }
  const entries = Object.entries(value);
  if (depth >= LIMITS.depth) return `… (${entries.length} fields)`;
  const kept = entries
    .slice(0, LIMITS.items)
    .map(([name, item]) => [storableText(name), storableValue(item, depth + 1)] as const);
  return Object.fromEntries(
    entries.length > LIMITS.items ? [...kept, ['…', `(${entries.length} fields)`] as const] : kept,
  );
}

/** The fields as JSON that Postgres takes; what is cut has a mark that says how much there was. */
export function storableFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = storableValue(fields, 0) as Record<string, unknown>;
  const json = JSON.stringify(kept);
  if (json.length <= LIMITS.json) return kept;
  return { '…': `${storableText(json)} of JSON` };
}
