import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { conflict, RiskgraphError } from '../core/errors.js';
import { type CatalogueParts, catalogueTypes } from './catalogue-types.js';
import type { Client } from './client.js';
import { type CommandContext, clientCommand } from './context.js';
import { type OutputOptions, print } from './output.js';

const CATALOGUE = `{
  entities { name description joinKeys }
  featureViews { entity features { reference type description unit requestInputs { name type } } }
  featureServices { name version description features }
  models { name version description features stage }
  labelDefinitions { name version }
}`;
const INDICATORS = '{ indicators { name description dimensions } }';

/** The types of the catalogue of a server, without what the key may not read. */
export async function typesOfServer(client: Pick<Client, 'graphql'>): Promise<string> {
  const [parts, { indicators }] = await Promise.all([
    client.graphql<Omit<CatalogueParts, 'indicators'>>(CATALOGUE),
    client.graphql<Pick<CatalogueParts, 'indicators'>>(INDICATORS).catch((cause: unknown) => {
      // A decision service reads no indicators, and needs no types of them.
      if (cause instanceof RiskgraphError && cause.code === 'FORBIDDEN') return { indicators: [] };
      throw cause;
    }),
  ]);
  return catalogueTypes({ ...parts, indicators });
}

export function addCodegenCommand(program: Command, context: CommandContext): void {
  clientCommand<OutputOptions & { readonly out: string; readonly check?: true }>(program, context, {
    name: 'codegen',
    description: 'write the catalogue of the server as types of the TypeScript client',
    configure: (command) =>
      command
        .option('--out <file>', 'the file to write', 'riskgraph.gen.ts')
        .option('--check', 'write nothing, and fail where the file differs from the catalogue'),
    run: async (client, { out, check, json }) => {
      const text = await typesOfServer(client);
      const isSame = (await readFile(out, 'utf8').catch(() => null)) === text;
      if (check && !isSame) {
        throw conflict(`${out} differs from the catalogue of the server`, `write it: riskgraph codegen --out ${out}`);
      }
      if (!isSame) await writeFile(out, text);
      print({ file: out, changed: !isSame }, { json }, () =>
        isSame ? `${out} is in step with the catalogue.` : `wrote ${out}`,
      );
    },
  });
}
