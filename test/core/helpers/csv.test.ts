import { describe, expect, it } from 'vitest';
import { csvCell, withoutFormulas } from '../../../src/core/helpers/csv.js';

describe('text for a spreadsheet', () => {
  it.each([
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ['+1+cmd', "'+1+cmd"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t'=1"],
    ['\r=1', `"'\r'=1"`],
    ['\n=1', `"'\n'=1"`],
    ['＝1+1', "'＝1+1"],
  ])('%j gets an apostrophe before its formula', (text, cell) => {
    expect(csvCell(withoutFormulas(text))).toBe(cell);
  });

  it('gets one also where a semicolon or a tab may begin a cell', () => {
    expect(withoutFormulas('a;=1')).toBe("a;'=1");
    expect(withoutFormulas('a;"=1')).toBe(`a;"'=1`);
  });

  it.each(['', 'gold', 'a-b', 'a=b', '-1', '+0.5', 'x; -y', '2026-01-01'])('%j stays as it is', (text) => {
    expect(withoutFormulas(text)).toBe(text);
  });
});
