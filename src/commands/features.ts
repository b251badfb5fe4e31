import type { Command } from 'commander';
import { type CommandContext, clientCommand } from './context.js';
import { type OutputOptions, print, table } from './output.js';

interface Found {
  readonly reference: string;
  readonly feature: {
    readonly type: string;
    readonly unit: string | null;
    readonly description: string;
    readonly latestProfile: { readonly asOf: string; readonly rows: number; readonly nullRate: number | null } | null;
    readonly lineage: { readonly downstream: readonly { readonly kind: string; readonly id: string }[] };
  };
  readonly view: { readonly owner: string };
}

const QUERY = `query($search: String, $tag: String, $owner: String, $entity: String, $limit: Int!) {
  features(search: $search, tag: $tag, owner: $owner, entity: $entity, limit: $limit) {
    reference
    feature { type unit description tags latestProfile { asOf rows nullRate min max mean p5 p50 p95 } lineage { downstream { kind id } } }
    view { owner entity tags }
  } }`;

/** A terminal's line holds little more beside the other columns. */
const WIDTH = 60;
const short = (text: string): string => (text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text);
const percent = (share: number | null | undefined): string => (share == null ? '' : `${(share * 100).toFixed(1)} %`);
const READERS = new Set(['MODEL', 'SERVICE']);

export function addFeaturesCommand(program: Command, context: CommandContext): void {
  clientCommand<OutputOptions & { tag?: string; owner?: string; entity?: string; limit: string }>(program, context, {
    name: 'features',
    description: 'find features by words, all of which must match: features dpd customer',
    configure: (command) =>
      command
        .argument('[words...]', 'in names, descriptions, units, tags, owners, source tables and columns')
        .option('--tag <tag>', 'of the feature or its view')
        .option('--owner <owner>', 'of the view')
        .option('--entity <entity>', 'what the feature describes')
        .option('--limit <number>', 'features at most, 1 to 500', '50'),
    run: async (client, { limit, tag, owner, entity, json }, words) => {
      const { features } = await client.graphql<{ features: readonly Found[] }>(QUERY, {
        search: words.join(' ') || null,
        tag,
        owner,
        entity,
        limit: Number(limit),
      });
      print(features, { json }, () =>
        features.length === 0
          ? 'No feature has all of these words.'
          : table(
              ['feature', 'type', 'unit', 'owner', 'nulls', 'read by', 'description'],
              features.map(({ reference, view, feature: { type, unit, description, latestProfile, lineage } }) => [
                ...[reference, type, unit, view.owner, percent(latestProfile?.nullRate)],
                lineage.downstream.filter(({ kind }) => READERS.has(kind)).length,
                short(description),
              ]),
            ),
      );
    },
  });
}
