import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Command } from 'commander';
import { addCheckCommand } from './commands/check.js';
import { addCodegenCommand } from './commands/codegen.js';
import type { CommandContext } from './commands/context.js';
import { addDemoCommand } from './commands/demo.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addFeaturesCommand } from './commands/features.js';
import { addImportCommand } from './commands/import.js';
import { addInitCommand } from './commands/init.js';
import { addLabelCommands } from './commands/labels.js';
import { addMaterializeCommands } from './commands/materialize.js';
import { addOperateCommands } from './commands/operate.js';
import { addPortfolioCommands } from './commands/portfolio.js';
import { addPreviewCommand } from './commands/preview.js';
import { addReadCommands } from './commands/read.js';
import { addRegistryCommands } from './commands/registry.js';
import { addReportCommands } from './commands/reports.js';
import { addStartCommand } from './commands/start.js';
import { addTablesCommands } from './commands/tables.js';
import { addTrainSetCommand } from './commands/train-set.js';
import { loadConfig } from './config.js';
import { RiskgraphError } from './core/errors.js';

const { version: VERSION } = createRequire(import.meta.url)('../package.json') as { readonly version: string };

function createProgram(context: CommandContext): Command {
  const program = new Command('riskgraph')
    .description('One GraphQL API over a lender’s features, scores and indicators')
    .version(VERSION, '--version', 'print the version of the package')
    .showHelpAfterError();
  addStartCommand(program, context);
  addDemoCommand(program, context);
  addInitCommand(program, VERSION);
  addCheckCommand(program, context);
  addRegistryCommands(program, context);
  addPreviewCommand(program, context);
  addImportCommand(program, context);
  addTablesCommands(program, context);
  addMaterializeCommands(program, context);
  addPortfolioCommands(program, context);
  addLabelCommands(program, context);
  addTrainSetCommand(program, context);
  addFeaturesCommand(program, context);
  addCodegenCommand(program, context);
  addReadCommands(program, context);
  addReportCommands(program, context);
  addOperateCommands(program, context);
  addDoctorCommand(program, context);
  return program;
}

/** A command in a project's folder is about that project. */
const projectHere = (): string | undefined => (existsSync('riskgraph.config.ts') ? process.cwd() : undefined);

function explain(error: unknown): string {
  if (error instanceof RiskgraphError) return error.hint ? `${error.message}\n  → ${error.hint}` : error.message;
  return error instanceof Error ? error.message : String(error);
}

try {
  const {
    adminKey,
    client,
    home,
    http,
    keys,
    keysSetting,
    portfolio,
    demoCustomers,
    logLevel,
    project: given,
  } = loadConfig();
  const { timezone, currency } = portfolio;
  const keyPlace = keys === undefined ? join(home, 'keys') : `those of ${keysSetting}`;
  await createProgram({
    client,
    adminKey,
    keyPlace,
    home,
    http,
    timezone,
    currency,
    project: given ?? projectHere(),
    demoCustomers,
    logLevel,
    environment: process.env,
  }).parseAsync();
} catch (error) {
  process.stderr.write(`riskgraph: ${explain(error)}\n`);
  process.exitCode = 1;
}
