/** Fails where an entry of the lock file has no hash: npm would install whatever the registry then holds under that version. */
import { readFileSync } from 'node:fs';

interface Entry {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
}

/** Builds of the embedded ClickHouse that not every registry serves. Give each its hash where one does, and take it out of here. */
const UNSERVED = ['@chdb/lib-darwin-arm64', '@chdb/lib-darwin-x64', '@chdb/lib-linux-arm64-gnu'];

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Entry> };
const hasHash = ({ integrity }: Entry): boolean => integrity?.startsWith('sha512-') === true;
const nameOf = (path: string): string => path.replace(/^.*node_modules\//, '');
const problems: string[] = [];
for (const [path, entry] of Object.entries(packages)) {
  // The project itself, links to it, and what comes in the tarball of another package.
  if (path === '' || entry.link || entry.inBundle) continue;
  const name = nameOf(path);
  if (!hasHash(entry) && !UNSERVED.includes(name)) {
    problems.push(`${path} has no sha512: npm view ${name}@${entry.version} dist.integrity`);
  }
  if (hasHash(entry) && UNSERVED.includes(name))
    problems.push(`${path} has a hash: take it out of scripts/check-lock.ts`);
}
for (const problem of problems) process.stdout.write(`package-lock.json: ${problem}\n`);
process.exit(problems.length === 0 ? 0 : 1);
