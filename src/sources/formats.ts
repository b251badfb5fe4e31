import { badInput } from '../core/errors.js';
import { csv } from './csv.js';
import { ndjson } from './ndjson.js';
import { parquet } from './parquet.js';
import type { FileFormat } from './records.js';

/** Every format that an import reads; HTTP and the command line know of them by this list alone. */
export const FORMATS: readonly FileFormat[] = [csv, ndjson, parquet];

/** BAD_USER_INPUT for a name that no format has. */
export function formatNamed(name: string): FileFormat {
  const format = FORMATS.find((each) => each.name === name);
  if (format) return format;
  throw badInput(
    `the import format '${name.slice(0, 64)}' is not supported`,
    `the formats are ${FORMATS.map((each) => each.name).join(', ')}`,
  );
}
