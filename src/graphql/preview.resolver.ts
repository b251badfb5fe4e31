import { Arg, Ctx, Query, Resolver } from 'type-graphql';
import type { View } from '../core/definitions/definitions.js';
import { badInput } from '../core/errors.js';
import type { Instant } from '../core/helpers/time.js';
import { isPii } from './catalogue.types.js';
import { columnarKeys, columnarRows, longestColumn } from './columnar.js';
import { maskFor, type RequestContext } from './context.js';
import { FeatureTableType } from './data-table.js';
import { Operation } from './operation.js';
import { GraphQLDateTime, GraphQLJSONObject } from './scalars.js';

const MAX_KEYS = 100;

@Resolver()
export class PreviewResolver {
  @Operation({
    roles: ['admin', 'modeler'],
    cost: ({ args }) => longestColumn(args.keys) * 100,
    audit: true,
    lookUp: ({ view, keys, asOf }) => ({ of: { view, asOf }, entities: columnarKeys(keys as Record<string, unknown>) }),
  })
  @Query(() => FeatureTableType, {
    description:
      'Runs the query of a feature view as its file is on disk, applied or not, and gives the rows of at most 100 keys. Nothing is written.',
  })
  async previewFeatureView(
    @Arg('view', () => String, { description: 'The view as name@version; a name alone is its newest version on disk.' })
    view: string,
    @Arg('keys', () => GraphQLJSONObject, { description: 'The join keys in columnar form.' })
    keys: Record<string, unknown>,
    @Arg('asOf', () => GraphQLDateTime, { nullable: true, description: 'The as-of of the run. The default is now.' })
    asOf: Instant | null,
    @Ctx() context: RequestContext,
  ): Promise<FeatureTableType> {
    const { services, signal } = context;
    const mask = maskFor(context);
    const found = await services.previews.preview({
      view,
      keysOf: (of) => keysOf(of, keys),
      asOf,
      signal,
    });
    const { entity, features } = found.view;
    const isMasked = features.map((feature) => mask !== undefined && isPii(feature));
    return {
      columns: [
        ...entity.joinKeys.map((name) => ({ name, type: 'STRING', masked: false })),
        ...features.map(({ name, type, unit, description }, index) => ({
          name,
          type,
          unit,
          description,
          masked: isMasked[index] === true,
        })),
      ],
      rowCount: found.keys.length,
      rows: found.rows.map((row, index) => [
        ...(found.keys[index] as readonly string[]),
        ...features.map(({ type }, at) => {
          const value = row?.values[at] ?? null;
          return mask && isMasked[at] ? mask.value(value, type) : value;
        }),
      ]),
    };
  }
}

/** The keys of a view from columns. @throws BAD_USER_INPUT where a join key is missing or null, or where there are too many */
function keysOf(
  { id, entity: { joinKeys } }: View,
  columns: Readonly<Record<string, unknown>>,
): readonly (readonly string[])[] {
  const rows = columnarRows(columns, 'keys');
  if (rows === 0 || rows > MAX_KEYS) throw badInput(`\`keys\` names ${rows} keys`, `name 1 to ${MAX_KEYS}`);
  const texts = columnarKeys(columns);
  return Array.from({ length: rows }, (_, row) =>
    joinKeys.map((name) => {
      const value = texts[name]?.[row];
      if (value == null)
        throw badInput(`\`keys.${name}\` has no value in row ${row}`, `${id} is keyed by ${joinKeys.join(' and ')}`);
      return value;
    }),
  );
}
