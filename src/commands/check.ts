import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CheckReport } from '../checking/check.js';
import type { Problem } from '../checking/problem.js';
import { type CommandContext, jsonOption } from './context.js';
import { type OutputOptions, print } from './output.js';

const placeOf = ({ line, column }: Problem): string =>
  line === null ? '' : `${line}${column === null ? '' : `:${column}`}`;

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Problems below the file that they are in. */
export function describeCheck({ problems, definitions, notes, seconds }: CheckReport): string {
  const lines: string[] = [];
  const files = [...new Set(problems.map(({ file }) => file))];
  for (const file of files) {
    lines.push(file);
    for (const problem of problems.filter((one) => one.file === file)) {
      const [first, ...more] = problem.message.split('\n');
      lines.push(`  ${placeOf(problem).padEnd(6)} ${problem.check.padEnd(10)} ${first}`);
      lines.push(...more.map((line) => `                    ${line}`));
      if (problem.hint) lines.push(`                    → ${problem.hint}`);
    }
    lines.push('');
  }
  lines.push(...notes.map((note) => `note: ${note}`));
  const found =
    problems.length === 0
      ? 'no problems'
      : `${counted(problems.length, 'problem')} in ${counted(files.length, 'file')}`;
  lines.push(`${counted(definitions, 'definition')} checked in ${seconds.toFixed(1)} s: ${found}.`);
  return lines.join('\n');
}

export function addCheckCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('check')
    .description('check the definition files without a server: types, rules, queries on empty tables, models')
    .argument('[folder]', 'a project, which is laid over the product’s definitions', context.project)
    .option(
      '--write',
      'write riskgraph.gen.d.ts, from which an editor completes names, and tables.md, the page of the source tables',
    )
    .addOption(jsonOption())
    .action(async (folder: string | undefined) => {
      // It loads the compiler and the engine, which other commands do without.
      const { checkProject } = await import('../checking/check.js');
      const { timezone, currency } = context;
      const { write = false, json } = command.opts<OutputOptions & { readonly write?: true }>();
      const report = await checkProject({ project: folder && resolve(folder), timezone, currency, write });
      print(report, { json }, () => describeCheck(report));
      if (report.problems.length > 0) process.exitCode = 1;
    });
}
