import { type Command, Option } from 'commander';
import { Client, findKey } from './client.js';
import type { OutputOptions } from './output.js';

/** The environment of a command. */
export interface CommandContext {
  readonly home: string;
  /** The server that commands call; a command that starts a stack calls that alone, see `startStack`. */
  readonly client: { readonly url: string; readonly key: string | undefined };
  /** The admin key of RISKGRAPH_KEYS. */
  readonly adminKey: string | undefined;
  /** Says where the operator finds the server's keys. */
  readonly keyPlace: string;
  readonly http: { readonly host: string; readonly port: number };
  readonly timezone: string;
  readonly currency: string;
  /** The project whose definitions are laid over the product's; undefined: the product's alone. */
  readonly project: string | undefined;
  readonly demoCustomers: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** The environment that child processes inherit. */
  readonly environment: NodeJS.ProcessEnv;
}

export const connect = async (context: CommandContext): Promise<Client> =>
  new Client({ url: context.client.url, key: await findKey({ key: context.client.key, home: context.home }) });

export const jsonOption = (): Option => new Option('--json', 'print one JSON document').default(false);

/** Adds a command that talks to a running server. */
export function clientCommand<Options extends OutputOptions>(
  program: Command,
  context: CommandContext,
  spec: {
    readonly name: string;
    readonly description: string;
    readonly configure?: (command: Command) => Command;
    readonly run: (client: Client, options: Options, args: readonly string[]) => Promise<void>;
  },
): void {
  const command = program.command(spec.name).description(spec.description).addOption(jsonOption());
  (spec.configure?.(command) ?? command).action(async (..._given: unknown[]) => {
    await spec.run(await connect(context), command.opts<Options>(), command.args);
  });
}
