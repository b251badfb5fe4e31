import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { countCases } from '../conformance/conformance.js';
import { CASES_A_RULE, conformanceTable, RULES, shownTable } from '../conformance/rules.js';

// Once: a file that was imported before defines nothing again.
const cases = await countCases(
  globSync('test/conformance/rule-*.test.ts')
    .sort()
    .map((file) => () => import(resolve(file))),
);

test('every rule has its cases, each with a sentence of its own', () => {
  expect([...cases.keys()].sort((a, b) => a - b)).toEqual([...RULES.keys()]);
  expect([...cases].filter(([, names]) => names.length < CASES_A_RULE)).toEqual([]);
  for (const [rule, names] of cases) expect(new Set(names).size, `names of rule ${rule}`).toBe(names.length);
});

test('the README shows the cases that there are: `npm run conformance -- --write` writes them', () => {
  const tallies = new Map([...cases].map(([rule, { length }]) => [rule, { cases: length, passed: length }] as const));
  expect(shownTable(readFileSync('README.md', 'utf8'))).toBe(conformanceTable(tallies));
});
