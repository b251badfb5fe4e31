import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { ImportResult } from '../core/ports/sources.js';
import { type CommandContext, clientCommand } from './context.js';
import { type OutputOptions, print } from './output.js';
import { sendFile } from './upload.js';

interface ImportOptions extends OutputOptions {
  readonly history: boolean;
  readonly mapping?: string;
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
      const result = options.mapping
        ? await client.post<ImportResult>(path, await form(options.mapping, file as string))
        : await sendFile<ImportResult>(client, { path, file: file as string, what: `import ${table}` }, options);
      print(result, options, () => describeImport(table as string, result));
    },
  });
}

async function form(mapping: string, file: string): Promise<FormData> {
  const data = new FormData();
  data.append('mapping', await readFile(mapping, 'utf8'));
  data.append('file', await openAsBlob(file), basename(file));
  return data;
}
