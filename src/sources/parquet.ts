import { openFile } from './parquet/file.js';
import type { ParquetProcesses } from './parquet/processes.js';
import type { ParquetColumn } from './parquet/schema.js';
import type { ColumnLimit, FileFormat, FileRecord, RecordFile } from './records.js';

export const parquet: FileFormat = {
  name: 'parquet',
  contentTypes: ['application/vnd.apache.parquet'],
  suffixes: ['parquet'],
  open: async ({ spool, processes }) => {
    processes.warm();
    return openParquet((await spool()).path, processes);
  },
};

/** A Parquet file on disk, whose rows are read in a process of their own. BAD_USER_INPUT where it is none. */
export async function openParquet(path: string, processes: ParquetProcesses): Promise<RecordFile> {
  const { columns } = (await openFile(path)).schema;
  return {
    header: columns.map(({ name }) => name),
    limits: new Map(columns.flatMap((column) => limitOf(column))),
    batches: records(path, processes),
  };
}

async function* records(path: string, processes: ParquetProcesses): AsyncIterable<readonly FileRecord[]> {
  for await (const { line, rows } of processes.read(path)) {
    yield rows.map((values, index) => ({ line: line + index, raw: null, values }));
  }
}

function limitOf({ name, zoneless, unreadable }: ParquetColumn): [string, ColumnLimit][] {
  if (unreadable !== null) {
    return [[name, { unfitFor: 'anything', what: `is ${unreadable}, which is not read`, instead: 'write it as text' }]];
  }
  if (!zoneless) return [];
  return [
    [
      name,
      {
        unfitFor: 'instants',
        what: 'holds times without a time zone',
        instead: `write it as UTC instants (isAdjustedToUTC), or name its zone in a mapping: toDateTime64(${name}, 3, 'Asia/Shanghai') AS ${name}`,
      },
    ],
  ];
}
