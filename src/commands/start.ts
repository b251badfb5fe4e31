import type { Command } from 'commander';
import { StoppedWhileStarting, superviseStack } from '../embedded/supervise.js';
import { createTelemetry } from '../telemetry/telemetry.js';
import { type CommandContext, connect } from './context.js';

interface StartOptions {
  /** Runs once the API answers; a failure stops the stack. */
  readonly onReady: (url: string) => Promise<void>;
  /** Least level of what the stack logs on standard error. */
  readonly logLevel: CommandContext['logLevel'];
}

/** Starts stores, API and worker, and returns when all of them have ended. */
export async function startStack(context: CommandContext, { onReady, logLevel }: StartOptions): Promise<void> {
  const { log } = createTelemetry({ level: logLevel, pretty: process.stderr.isTTY === true });
  try {
    const stack = await superviseStack({
      home: context.home,
      env: { ...context.environment, RISKGRAPH_LOG_LEVEL: logLevel },
      host: context.http.host,
      port: context.http.port,
      log,
    });
    await onReady(stack.url).catch(async (cause: unknown) => {
      // Where the stack ends while it loads, by a signal or with a store, its broken requests are no news.
      if (stack.stopping()) return;
      await stack.stop();
      throw cause;
    });
    process.exitCode = await stack.done;
  } catch (cause) {
    if (!(cause instanceof StoppedWhileStarting)) throw cause;
    process.exitCode = cause.exitCode;
  }
}

export function addStartCommand(program: Command, context: CommandContext): void {
  program
    .command('start')
    .description('start the stores that have no URL, the API and the worker; Ctrl-C ends them')
    .action(() =>
      startStack(context, {
        logLevel: context.logLevel,
        onReady: async (url) => {
          process.stdout.write(`Riskgraph serves at ${url}/graphql; keys: ${context.keyPlace}; Ctrl-C ends it.\n`);
          const { planRegistry } = await (await connect(context)).graphql<{
            planRegistry: { changes: readonly unknown[] };
          }>('mutation { planRegistry { changes { name } } }');
          const waiting = planRegistry.changes.length;
          if (waiting > 0) {
            process.stdout.write(
              `${waiting} definitions are not served yet: see \`npx riskgraph plan\`, then \`npx riskgraph apply\`.\n`,
            );
          }
        },
      }),
    );
}
