import { badInput } from '../../core/errors.js';
import type { ImportFormat, Spooled } from '../../core/ports/sources.js';
import { csv, openCsv } from '../csv.js';
import { parquet } from '../parquet.js';
import type { RecordFile } from '../records.js';
import { openArrow } from './arrow-file.js';
import type { TypedFile } from './documents.js';
import { openParquetFile } from './parquet-file.js';

interface SpineFormat extends ImportFormat {
  /** @param file whole, on disk */
  open(file: Spooled): Promise<RecordFile | TypedFile>;
}

const named = ({ name, contentTypes, suffixes }: ImportFormat): ImportFormat => ({ name, contentTypes, suffixes });

/** The formats of spines. What the store reads by itself, it reads; text is read here, for a broken line is one row and not the end of the file. */
const FORMATS: readonly SpineFormat[] = [
  { ...named(parquet), open: ({ path }) => openParquetFile(path) },
  { ...named(csv), open: (file) => openCsv(file.read()) },
  {
    name: 'arrow',
    contentTypes: ['application/vnd.apache.arrow.file', 'application/vnd.apache.arrow.stream'],
    suffixes: ['arrow', 'arrows', 'feather'],
    open: (file) => openArrow(file.read()),
  },
];

export const SPINE_FORMATS: readonly ImportFormat[] = FORMATS.map(named);

/** BAD_USER_INPUT for a name that no format has. */
export function spineFormat(name: string): SpineFormat {
  const format = FORMATS.find((each) => each.name === name);
  if (format) return format;
  throw badInput(
    `the format '${name.slice(0, 64)}' is not supported`,
    `the formats are ${SPINE_FORMATS.map((each) => each.name).join(', ')}`,
  );
}
