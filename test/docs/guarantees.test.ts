import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const page = await readFile('docs/guarantees.md', 'utf8');

/** Number, sentence and proofs of each guarantee; a proof is a test file, with the text that its test bears where one is quoted. */
const guarantees = [...page.matchAll(/^\*\*G(\d+)\. ([\s\S]*?)\*\*\n([\s\S]*?)(?=^\*\*G\d|^## )/gm)].map(
  ([, number, sentence = '', body = '']) => ({
    number: Number(number),
    sentence,
    proofs: [...body.matchAll(/`(test\/[^`]+\.test\.ts)`(?: “([^”]+)”)?/g)].map(([, path = '', title]) => ({
      path,
      title,
    })),
  }),
);

test('guarantees are numbered without gaps, each is one sentence, and each names a proof', () => {
  expect(guarantees.length).toBeGreaterThan(20);
  expect(guarantees.map(({ number }) => number)).toEqual(guarantees.map((_, index) => index + 1));
  expect(guarantees.filter(({ sentence }) => !/^[^.]+(?:\.\S[^.]*)*\.$/.test(sentence))).toEqual([]);
  expect(guarantees.filter(({ proofs }) => proofs.length === 0)).toEqual([]);
});

test.each(guarantees.flatMap(({ number, proofs }) => proofs.map((proof) => ({ number, ...proof }))))(
  'G$number is proved in $path: $title',
  async ({ path, title }) => {
    const text = await readFile(path, 'utf8');
    expect(text.length > 0 && text.includes(title ?? '')).toBe(true);
  },
);
