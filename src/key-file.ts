import { readFileSync, statSync } from 'node:fs';

/** Anyone who may write the file may make a key for itself. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * The entries of the file of keys that RISKGRAPH_KEYS_FILE names: one a line, `role=key` or `role:name=key`; lines that begin with # and
 * empty lines are none.
 * @returns the entries as RISKGRAPH_KEYS has them
 * @throws a sentence that names the file, and holds none of its text
 */
export function keysOfFile(path: string): string {
  let text: string;
  let mode: number;
  try {
    text = readFileSync(path, 'utf8');
    mode = statSync(path).mode;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`names ${path}, which cannot be read (${code}): give the user that runs the server the right to`);
  }
  if ((mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new Error(`names ${path}, which others than its owner may write: chmod go-w ${path}`);
  }
  const entries = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (entries.length === 0) throw new Error(`names ${path}, which holds no key: write role=key, one a line`);
  return entries.join(',');
}
