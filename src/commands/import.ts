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
  readonly completeThrough?: string;
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

/** What the import says of the day, in the words of its sender. */
const describeMark = (table: string, through: string, { rejected }: ImportResult): string =>
  rejected === 0
    ? `${table} is whole through ${through}`
    : `${table} is not marked as whole through ${through}: correct the rejected rows and send the file again`;

export function addImportCommand(program: Command, context: CommandContext): void {
  clientCommand<ImportOptions>(program, context, {
    name: 'import',
    description: 'import a CSV, NDJSON or Parquet file into a source table',
    configure: (command) =>
      command
        .argument('<table>', 'source table')
        .argument('<file>', 'the file; its suffix names the format: .csv, .ndjson, .jsonl, .parquet, …')
        .option('--history', 'a first load of the past: rows were known when they could first be known', false)
        .option('--mapping <file.sql>', 'a SELECT over the uploaded file, which it reads as `file`')
        .option('--complete-through <date>', 'the last day whose rows are all there once this file is in'),
    run: async (client, options, [table, file]) => {
      const path = `/import/${encodeURIComponent(table as string)}${options.history ? '?history=true' : ''}`;
      const { completeThrough } = options;
      const headers: Record<string, string> =
        completeThrough === undefined ? {} : { 'x-complete-through': completeThrough };
      const result = options.mapping
        ? await client.post<ImportResult>(path, await form(options.mapping, file as string), headers)
        : await sendFile<ImportResult>(
            client,
            { path, file: file as string, what: `import ${table}`, headers },
            options,
          );
      print(result, options, () =>
        [
          describeImport(table as string, result),
          ...(completeThrough === undefined ? [] : [describeMark(table as string, completeThrough, result)]),
        ].join('\n'),
      );
    },
  });
}

async function form(mapping: string, file: string): Promise<FormData> {
  const data = new FormData();
  data.append('mapping', await readFile(mapping, 'utf8'));
  data.append('file', await openAsBlob(file), basename(file));
  return data;
}
