/** A value as a cell of RFC 4180: quoted where it must be, empty for none. */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? csvQuoted(text) : text;
}

export const csvQuoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** Lines with a header, each ended by CRLF. */
export const csvText = (header: readonly string[], rows: readonly (readonly unknown[])[]): string =>
  [header, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
