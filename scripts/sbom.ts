/** Writes what a release is made of, by the lock file: an SBOM (CycloneDX, JSON) and a list of licences (CSV), beside the tarball. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly (
    | { readonly license: { readonly id?: string; readonly name?: string } }
    | { readonly expression: string }
  )[];
}

const licencesOf = ({ licenses = [] }: Component): string =>
  licenses
    .map((each) => ('expression' in each ? each.expression : (each.license.id ?? each.license.name)))
    .join(' AND ') || 'not declared';

const cell = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const folder = process.argv[2] ?? '.';
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string };
// All platforms of the lock file, and no tool that only builds and tests.
const { stdout, stderr, status } = spawnSync(
  'npm',
  ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--omit=dev', '--package-lock-only'],
  { encoding: 'utf8', maxBuffer: 64 << 20 },
);
if (status !== 0) {
  process.stderr.write(stderr);
  process.exit(1);
}
const { components } = JSON.parse(stdout) as { components: readonly Component[] };
const lines = components
  .map((each) => [each.name, each.version, licencesOf(each), each.purl].map(cell).join(','))
  .sort();
writeFileSync(join(folder, `${name}-${version}.cdx.json`), stdout);
writeFileSync(join(folder, `${name}-${version}.licences.csv`), `package,version,licence,purl\n${lines.join('\n')}\n`);
process.stdout.write(
  `SBOM and licences of ${components.length} packages: ${name}-${version}.cdx.json, ${name}-${version}.licences.csv\n`,
);
