import { createReadStream, openAsBlob } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { Command } from 'commander';
import type { ImportResult } from '../core/ports/sources.js';
import { type CommandContext, clientCommand } from './context.js';
import { type OutputOptions, print, progressBar } from './output.js';

interface ImportOptions extends OutputOptions {
  readonly history: boolean;
  readonly mapping?: string;
}

/** Passes bytes on and reports the share of the file that was sent. */
async function* counted(path: string, size: number, report: (fraction: number) => void): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    sent += (chunk as Uint8Array).length;
    report(size === 0 ? 1 : sent / size);
    yield chunk as Uint8Array;
  }
}

export function describeImport(table: string, result: ImportResult): string {
  const lines = [`${table}: ${result.accepted} accepted, ${result.duplicates} duplicates, ${result.rejected} rejected`];
  for (const { line, column, reason } of result.quarantine)
    lines.push(`  line ${line}${column ? `, ${column}` : ''}: ${reason}`);
  if (result.rejected > result.quarantine.length) {
    const notKept = result.notKept ? `, but for ${result.notKept} that were counted and not kept` : '';
    lines.push(`  … the rest is in the quarantine table${notKept}`);
  }
  return lines.join('\n');
}

export function addImportCommand(program: Command, context: CommandContext): void {
  clientCommand<ImportOptions>(program, context, {
    name: 'import',
    description: 'import a CSV, NDJSON or Parquet file into a source table',
    configure: (command) =>
      command
        .argument('<table>', 'source table')
        .argument('<file>', 'the file; its suffix names the format: .csv, .ndjson, .jsonl, .parquet, …')
        .option('--history', 'a first load of the past: rows were known when they could first be known', false)
        .option('--mapping <file.sql>', 'a SELECT over the uploaded file, which it reads as `file`'),
    run: async (client, options, [table, file]) => {
      const path = `/import/${encodeURIComponent(table as string)}${options.history ? '?history=true' : ''}`;
      const bar = progressBar(`import ${table}`, options);
      const { size } = await stat(file as string);
      try {
        const result = options.mapping
          ? await client.post<ImportResult>(path, await form(options.mapping, file as string))
          : await client.post<ImportResult>(path, counted(file as string, size, bar.update), named(file as string));
        bar.stop();
        print(result, options, () => describeImport(table as string, result));
      } finally {
        bar.stop();
      }
    },
  });
}

/** The server tells the format by the end of the name; the rest of it may hold what a header cannot. */
const named = (file: string): Readonly<Record<string, string>> => ({
  'content-type': 'application/octet-stream',
  'content-disposition': `attachment; filename="file${encodeURIComponent(extname(file))}"`,
});

async function form(mapping: string, file: string): Promise<FormData> {
  const data = new FormData();
  data.append('mapping', await readFile(mapping, 'utf8'));
  data.append('file', await openAsBlob(file), basename(file));
  return data;
}
