/** The cells of the table that follows a comment `<!-- name -->` on a page, without its header. */
export function tableAfter(page: string, name: string): string[][] {
  const [, rest = ''] = page.split(`<!-- ${name} -->\n`);
  const [table = ''] = rest.trimEnd().split('\n\n');
  return table
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
