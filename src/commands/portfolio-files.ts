import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { CustomerRows } from '../../synthetic/rows.js';

/** Characters that a table gathers before they go to its file: large enough that a book is not written line by line. */
const BUFFER = 1 << 18;

export interface TableFile {
  readonly table: string;
  readonly path: string;
  readonly rows: number;
}

interface Writing {
  readonly path: string;
  readonly handle: FileHandle;
  rows: number;
  text: string;
}

/** One NDJSON file a table, written side by side: the rows of a customer go to all of them, and only buffers stay in memory. */
export class TableFiles {
  private readonly writing = new Map<string, Writing>();

  /** @param folder where the files lie; made when it is missing, an older file of a table is replaced */
  constructor(private readonly folder: string) {}

  async add(rows: CustomerRows): Promise<void> {
    for (const [table, added] of Object.entries(rows)) {
      if (added.length === 0) continue;
      const file = this.writing.get(table) ?? (await this.start(table));
      for (const row of added) file.text += `${JSON.stringify(row)}\n`;
      file.rows += added.length;
      if (file.text.length >= BUFFER) await flush(file);
    }
  }

  /** Writes what is left; the tables that have rows, in the order in which their first row came. */
  async close(): Promise<TableFile[]> {
    const files: TableFile[] = [];
    for (const [table, file] of this.writing) {
      await flush(file);
      await file.handle.close();
      files.push({ table, path: file.path, rows: file.rows });
    }
    this.writing.clear();
    return files;
  }

  private async start(table: string): Promise<Writing> {
    await mkdir(this.folder, { recursive: true });
    const path = join(this.folder, `${table}.ndjson`);
    const file: Writing = { path, handle: await open(path, 'w', 0o600), rows: 0, text: '' };
    this.writing.set(table, file);
    return file;
  }
}

async function flush(file: Writing): Promise<void> {
  const { text } = file;
  file.text = '';
  await file.handle.writeFile(text);
}
