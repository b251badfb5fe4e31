import { StoppedWhileStarting, superviseStack } from '../embedded/supervise.js';
import { createTelemetry } from '../telemetry/telemetry.js';
import { Client, findKey } from './client.js';
import type { CommandContext } from './context.js';

export interface Started {
  readonly url: string;
  /** Its admin's; null where RISKGRAPH_KEYS gives no admin key. */
  readonly client: Client | null;
  /** Aborted once it begins to end. */
  readonly ending: AbortSignal;
}

interface StartOptions {
  /** Runs once the API answers; a failure stops the stack. */
  readonly onReady: (stack: Started) => Promise<void>;
  /** Least level of what the stack logs on standard error. */
  readonly logLevel: CommandContext['logLevel'];
}

/**
 * Starts stores, API and worker, and returns when all of them have ended. Whatever server RISKGRAPH_URL and RISKGRAPH_KEY name to other commands,
 * this one calls the stack that it starts.
 */
export async function startStack(context: CommandContext, { onReady, logLevel }: StartOptions): Promise<void> {
  const { log } = createTelemetry({ level: logLevel, pretty: process.stderr.isTTY === true });
  try {
    const stack = await superviseStack({
      home: context.home,
      env: { ...context.environment, ...projectOf(context), RISKGRAPH_LOG_LEVEL: logLevel },
      host: context.http.host,
      port: context.http.port,
      log,
    });
    const ready = async (): Promise<void> => {
      sayOtherServer(context, stack.url);
      await onReady({ url: stack.url, client: await ownClient(context, stack.url), ending: stack.ending });
    };
    await ready().catch(async (cause: unknown) => {
      // Where the stack ends while it loads, by a signal or with a store, its broken requests are no news.
      if (stack.ending.aborted) return;
      await stack.stop();
      throw cause;
    });
    process.exitCode = await stack.done;
  } catch (cause) {
    if (!(cause instanceof StoppedWhileStarting)) throw cause;
    process.exitCode = cause.exitCode;
  }
}

const projectOf = ({ project }: CommandContext): NodeJS.ProcessEnv =>
  project === undefined ? {} : { RISKGRAPH_DEFINITIONS: project };

async function ownClient({ adminKey, environment, home }: CommandContext, url: string): Promise<Client | null> {
  // The keys of the home are then not those of the stack.
  if ((environment.RISKGRAPH_KEYS || environment.RISKGRAPH_KEYS_FILE) && adminKey === undefined) return null;
  return new Client({ url, key: await findKey({ key: adminKey, home }) });
}

function sayOtherServer({ client, environment }: CommandContext, url: string): void {
  if (!environment.RISKGRAPH_URL || new URL(client.url).origin === url) return;
  process.stdout.write(`This stack serves at ${url}; other commands go to ${client.url}, which RISKGRAPH_URL names.\n`);
}
