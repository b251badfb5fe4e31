/** The pages of a row group, looked at before the library reads them: it makes room for as many values as the header of a page claims. */
import type { AsyncBuffer, PageHeader, RowGroup } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { ThriftWalk } from './thrift-walk.js';

/** Of one header: a few numbers, and the least and the greatest value of the page. */
const MOST_HEADER_VALUES = 200;

interface Pages {
  readonly file: AsyncBuffer;
  readonly group: RowGroup;
  /** Names of the columns that are read. */
  readonly columns: readonly string[];
}

/**
 * How many values the pages of these columns claim, those of dictionaries among them.
 * @throws Error where a header is damaged, or a page ends outside of its column
 */
export async function valuesOfPages({ file, group, columns }: Pages): Promise<number> {
  let values = 0;
  for (const { meta_data: data } of group.columns) {
    if (!data || !columns.includes(data.path_in_schema[0] ?? '')) continue;
    const from = Number(data.dictionary_page_offset || data.data_page_offset);
    const bytes = await file.slice(from, from + Number(data.total_compressed_size));
    values += valuesIn(new DataView(bytes));
  }
  return values;
}

function valuesIn(view: DataView): number {
  const bytes = new Uint8Array(view.buffer);
  let values = 0;
  // The library takes a last byte for none of a page.
  for (let at = 0; at < bytes.length - 1; ) {
    const body = new ThriftWalk(bytes, at, MOST_HEADER_VALUES).struct();
    const header = parquetHeader({ view, offset: at });
    values += valuesOf(header);
    at = body + size(header.compressed_page_size);
    if (at > bytes.length) throw new RangeError('a page ends outside of its column');
  }
  return values;
}

function valuesOf({ uncompressed_page_size, ...header }: PageHeader): number {
  const unpacked = size(uncompressed_page_size);
  const v2 = header.data_page_header_v2;
  if (v2) {
    const levels = size(v2.repetition_levels_byte_length) + size(v2.definition_levels_byte_length);
    if (levels > unpacked || size(v2.num_nulls) > v2.num_values) throw new RangeError('a page has no such parts');
  }
  const values = [header.data_page_header, header.dictionary_page_header, v2].map((one) => size(one?.num_values ?? 0));
  return values.reduce((sum, each) => sum + each, 0);
}

/** A number of the header that is one. */
function size(number: number): number {
  if (Number.isInteger(number) && number >= 0) return number;
  throw new RangeError('a size is none');
}
