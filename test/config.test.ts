import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../src/config.js';

const KEYS = ['admin=a-key-of-twenty-or-more', 'modeler:nightly=another-key-of-twenty-or-more'];
let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'));
  path = join(folder, 'keys');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function loaded(text: string, { mode = 0o400, ...more }: { mode?: number; RISKGRAPH_KEYS?: string } = {}) {
  await rm(path, { force: true });
  await writeFile(path, text);
  await chmod(path, mode);
  return loadConfig({ RISKGRAPH_KEYS_FILE: path, ...more });
}

it.each([
  ['one a line', KEYS.join('\n')],
  ['with a line end after the last', `${KEYS.join('\n')}\n`],
  ['with line ends of Windows and a mark of its encoding', `\uFEFF${KEYS.join('\r\n')}\r\n\r\n`],
  ['with comments and empty lines', `# of this server\n\n${KEYS.join('\n\n')}\n`],
])('keys stand in a file, %s', async (_, text) => {
  expect(await loaded(text)).toMatchObject({
    keys: KEYS.join(','),
    keysSetting: 'the file of RISKGRAPH_KEYS_FILE',
    adminKey: 'a-key-of-twenty-or-more',
    client: { key: 'a-key-of-twenty-or-more' },
  });
});

it.each([0o400, 0o440, 0o444, 0o600, 0o640])(
  'a file of mode %o is taken: its owner alone may write it',
  async (mode) => {
    expect((await loaded(KEYS.join('\n'), { mode })).keys).toBe(KEYS.join(','));
  },
);

it.each([0o660, 0o606, 0o666])('a file of mode %o is refused: others may write a key of their own', async (mode) => {
  await expect(loaded(KEYS.join('\n'), { mode })).rejects.toMatchObject({
    message: `the environment is not usable: RISKGRAPH_KEYS_FILE names ${path}, which others than its owner may write: chmod go-w ${path}`,
  });
});

it('a file that cannot be read is named, with the reason', () => {
  for (const [file, code] of [
    [join(folder, 'nowhere'), 'ENOENT'],
    [folder, 'EISDIR'],
  ] as const) {
    expect(() => loadConfig({ RISKGRAPH_KEYS_FILE: file })).toThrow(
      `RISKGRAPH_KEYS_FILE names ${file}, which cannot be read (${code}): give the user that runs the server the right to`,
    );
  }
});

it('a file without a key is refused, and so are two places of keys', async () => {
  await expect(loaded('# none\n')).rejects.toThrow(/which holds no key: write role=key, one a line/);
  await expect(loaded(KEYS.join('\n'), { RISKGRAPH_KEYS: 'admin=x' })).rejects.toThrow(
    'RISKGRAPH_KEYS_FILE is set beside RISKGRAPH_KEYS: leave one of them out',
  );
});
