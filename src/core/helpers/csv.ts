/** A value as a cell of RFC 4180: quoted where it must be, empty for none. */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? csvQuoted(text) : text;
}

export const csvQuoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** What a spreadsheet takes for the start of a formula, at the start of a cell or after what it may take for the end of one. */
const FORMULA = /(?<=^|[;\t\r\n]"*)(?=[=+\-@\t\r\n＝＋－＠])/g;

const NUMBER = /^[+-]?\d+(?:\.\d+)?$/;

/**
 * Text that stays text where a person opens the file in a spreadsheet: an apostrophe stands before each formula. A number is none. Never for data
 * that a program reads.
 */
export const withoutFormulas = (text: string): string => (NUMBER.test(text) ? text : text.replaceAll(FORMULA, "'"));

/** Lines with a header, each ended by CRLF. */
export const csvText = (header: readonly string[], rows: readonly (readonly unknown[])[]): string =>
  [header, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
