/**
 * `npm run conformance`: runs the suite and prints its table; fails where a case failed or a rule has too few. `-- --write` also puts the
 * table into the README.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CASES_A_RULE, conformanceTable, RULES, ruleOf, type Tally, withTable } from './rules.js';

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

const folder = mkdtempSync(join(tmpdir(), 'riskgraph-conformance-'));
const file = join(folder, 'report.json');
const started = Date.now();
const vitest = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', 'test/conformance', '--reporter=json', `--outputFile=${file}`],
  { encoding: 'utf8', maxBuffer: 64 << 20 },
);
let report: Report;
try {
  report = JSON.parse(readFileSync(file, 'utf8')) as Report;
} catch {
  process.stdout.write(`the suite did not run:\n${vitest.stdout}${vitest.stderr}\n`);
  process.exit(1);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const tallies = new Map<number, Tally>();
const problems: string[] = [];
for (const { name, status, message, assertionResults } of report.testResults) {
  if (status === 'failed' && assertionResults.every((each) => each.status === 'passed')) {
    problems.push(`${name}: ${message}`);
  }
  for (const { title, status: outcome, failureMessages } of assertionResults) {
    const rule = ruleOf(title);
    if (outcome !== 'passed')
      problems.push(`${title}\n    ${failureMessages.join('\n    ').split('\n').slice(0, 12).join('\n    ')}`);
    if (rule === null) continue;
    const { cases, passed } = tallies.get(rule) ?? { cases: 0, passed: 0 };
    tallies.set(rule, { cases: cases + 1, passed: passed + (outcome === 'passed' ? 1 : 0) });
  }
}
for (const rule of RULES.keys()) {
  const cases = tallies.get(rule)?.cases ?? 0;
  if (cases < CASES_A_RULE) problems.push(`rule ${rule} has ${cases} cases, at least ${CASES_A_RULE} are wanted`);
}

const total = [...tallies.values()].reduce((sum, { cases }) => sum + cases, 0);
process.stdout.write(
  `${conformanceTable(tallies)}\n\n${total} cases in ${((Date.now() - started) / 1000).toFixed(1)} s\n`,
);
if (problems.length > 0) {
  process.stdout.write(
    `\n${problems.length} problem${problems.length === 1 ? '' : 's'}:\n- ${problems.join('\n- ')}\n`,
  );
  process.exit(1);
}
if (process.argv.includes('--write')) {
  writeFileSync('README.md', withTable(readFileSync('README.md', 'utf8'), conformanceTable(tallies)));
}
