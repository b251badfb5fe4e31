import { expect, test } from 'vitest';
import { FORMATS, formatNamed } from '../../src/sources/formats.js';

test('no two formats share a name, a content type or a suffix', () => {
  const words = FORMATS.flatMap(({ name, contentTypes, suffixes }) => [
    name,
    ...contentTypes,
    ...suffixes.map((suffix) => `.${suffix}`),
  ]);
  expect(new Set(words).size).toBe(words.length);
});

test('a format that is not there is refused with those that are', () => {
  expect(() => formatNamed('avro')).toThrow(
    expect.objectContaining({ code: 'BAD_USER_INPUT', hint: 'the formats are csv, ndjson, parquet' }),
  );
});
