import { access, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const page = await readFile('docs/security.md', 'utf8');
const promised = page.slice(page.indexOf('## What is promised'), page.indexOf('## What is not promised'));
const rows = [...promised.matchAll(/^\| (?!Promise|-)(.+?) \| (.+?) \|$/gm)].map(([, promise = '', proofs = '']) => ({
  promise,
  paths: [...proofs.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path),
}));

test('every promise of security names the tests that hold it, and they are there', async () => {
  expect(rows.length).toBeGreaterThan(10);
  for (const { promise, paths } of rows) {
    expect(paths.length, promise).toBeGreaterThan(0);
    for (const path of paths) await expect(access(path), path).resolves.toBeUndefined();
  }
});

test('the page says what is not promised, and how to run behind a proxy and rotate keys', () => {
  for (const title of [
    'Against whom',
    'What is not promised',
    'Masks and their key',
    'Retention',
    'Behind a proxy',
    'Rotate keys',
  ]) {
    expect(page).toContain(`\n## ${title}\n`);
  }
});
