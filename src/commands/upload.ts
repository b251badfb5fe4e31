/** Files that commands send as they are read. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Client } from './client.js';
import { type OutputOptions, progressBar } from './output.js';

/** Passes bytes on and reports the share of the file that was sent. */
async function* counted(path: string, size: number, report: (fraction: number) => void): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    sent += (chunk as Uint8Array).length;
    report(size === 0 ? 1 : sent / size);
    yield chunk as Uint8Array;
  }
}

/** The server tells the format by the end of the name; the rest of it may hold what a header cannot. */
const named = (file: string): Readonly<Record<string, string>> => ({
  'content-type': 'application/octet-stream',
  'content-disposition': `attachment; filename="file${encodeURIComponent(extname(file))}"`,
});

/** Sends a file as the body of a request, with a bar that says how much of it has left. */
export async function sendFile<T>(
  client: Client,
  {
    path,
    file,
    what,
    headers = {},
  }: {
    readonly path: string;
    readonly file: string;
    readonly what: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
  options: OutputOptions,
): Promise<T> {
  const { size } = await stat(file);
  const bar = progressBar(what, options);
  try {
    return await client.post<T>(path, counted(file, size, bar.update), { ...named(file), ...headers });
  } finally {
    bar.stop();
  }
}
