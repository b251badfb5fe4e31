/**
 * Makes a release: all checks and tests, then the version by the commits since the last one, the changelog, a commit with its tag, the
 * tarball, and beside it an SBOM and a list of licences. `npm run release -- --dry-run` shows the version and its changes and changes nothing; `-- --release-as minor` names the step.
 */
import { spawnSync } from 'node:child_process';

/** Pinned: it comes with 180 packages, which only a release needs. */
const CHANGELOG_TOOL = 'commit-and-tag-version@12.7.3';
const options = process.argv.slice(2);
const dry = options.includes('--dry-run');

/** Runs a program in the terminal; a failure ends the release. */
function run(program: string, ...args: readonly string[]): void {
  process.stdout.write(`\n▸ ${program} ${args.join(' ')}\n`);
  const { status } = spawnSync(program, args, { stdio: 'inherit' });
  if (status === 0) return;
  process.stdout.write(`No release: \`${program} ${args[0]}\` failed. Nothing after it was done.\n`);
  process.exit(1);
}

const changed = spawnSync('git', ['status', '--porcelain'], { encoding: 'utf8' }).stdout.trim();
if (changed && !dry) {
  process.stdout.write(`No release: these files are not committed. Commit them or put them away.\n${changed}\n`);
  process.exit(1);
}
if (!dry) run('npm', 'test');
run('npx', '--yes', CHANGELOG_TOOL, ...options);
run('npm', 'pack', ...(dry ? ['--dry-run'] : []));
if (!dry) run('node', '--import', './bin/typescript.js', 'scripts/sbom.ts');
if (!dry) {
  process.stdout.write(
    '\nThe release is committed and tagged here and packed. `git push --follow-tags` publishes the commit and its tag.\n',
  );
}
