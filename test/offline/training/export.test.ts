import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { bundled } from '../../support/bundled.js';
import { freshClickHouseDatabase } from '../../support/stores.js';
import type { FullPlan } from './export-process.js';

vi.setConfig({ testTimeout: 120_000 });

test('a file of which the disk takes only a part is none', async () => {
  const { url, database, close } = await freshClickHouseDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'export-full-'));
  const program = await bundled(new URL('./export-process.ts', import.meta.url));
  try {
    const write = async (rows: number): Promise<string> => {
      const plan: FullPlan = { url, database, rows, path: join(folder, `${rows}.csv`) };
      // Files of up to 8 blocks of 1,024 bytes; what Node would keep of its work might be cut off there too.
      const limited = `ulimit -f 8; exec "$0" "$1" "$2"`;
      const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' };
      const args = ['-c', limited, process.execPath, program, JSON.stringify(plan)];
      return (await promisify(execFile)('bash', args, { env })).stdout;
    };
    expect(await write(100)).toBe('written');
    expect(await write(2_500)).toBe('the file of the training set cannot be written: EFBIG');
    expect(await readdir(folder)).toEqual(['100.csv']);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await close();
  }
});
