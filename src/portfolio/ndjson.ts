/** Rows as NDJSON in chunks of about 64 KiB: a body of the import API. */
export async function* toNdjson(rows: AsyncIterable<Record<string, unknown>>): AsyncIterable<Uint8Array> {
  const encoder = new TextEncoder();
  let text = '';
  for await (const row of rows) {
    text += `${JSON.stringify(row)}\n`;
    if (text.length >= 65_536) {
      yield encoder.encode(text);
      text = '';
    }
  }
  if (text !== '') yield encoder.encode(text);
}
