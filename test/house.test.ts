import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';

// Below src, since the walls are told by path; removed whatever happens.
const planted = 'src/serving/__planted__';

const cruise = (...targets: string[]) => {
  const run = spawnSync(
    'node_modules/.bin/depcruise',
    ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...targets],
    { encoding: 'utf8', maxBuffer: 64 << 20 },
  );
  return JSON.parse(run.stdout) as {
    summary: { error: number; totalCruised: number; violations: { rule: { name: string } }[] };
  };
};

afterEach(() => rmSync(planted, { recursive: true, force: true }));

test('a resolver-side service that imports a store breaks a wall, and the tool says which', () => {
  mkdirSync(planted, { recursive: true });
  writeFileSync(`${planted}/leak.ts`, "export { openRedis } from '../../online/redis.js';\n");
  const { summary } = cruise(planted);
  expect(summary.violations.map(({ rule }) => rule.name)).toContain('serving-imports-only-core');
});

test('the check of the walls sees the whole house, and it stands', () => {
  const { summary } = cruise('src', 'features', 'indicators', 'models', 'jobs');
  expect(summary.totalCruised).toBeGreaterThan(60);
  expect(summary.violations).toEqual([]);
});
