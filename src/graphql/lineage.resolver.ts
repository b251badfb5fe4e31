import { Arg, Ctx, Field, FieldResolver, Int, ObjectType, Query, Resolver, Root } from 'type-graphql';
import { isStoredView } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import { notFound } from '../core/errors.js';
import type { SourceTables } from '../core/lending/sources.js';
import type { Lineage, LineageKind as LineageKindName, LineageNode, LineageRef } from '../core/ports/browse.js';
import type { ColumnRead } from '../core/ports/columns-read.js';
import { FeatureType, FeatureViewType, visible } from './catalogue.types.js';
import type { RequestContext } from './context.js';
import { LINEAGE_ID } from './descriptions.js';
import { ColumnUse, LineageKind } from './enums.js';
import { AssumedSize, Operation } from './operation.js';

@ObjectType('LineageRef', { description: 'A reference to a node of a lineage graph.' })
class LineageRefType {
  @Field(() => LineageKind, { description: 'The kind of the node.' })
  kind!: LineageKindName;

  @Field(() => String, {
    description: LINEAGE_ID,
  })
  id!: string;
}

@ObjectType('LineageNode', { description: 'A node of a lineage graph.' })
class LineageNodeType extends LineageRefType {
  @Field(() => Int, { description: 'The number of steps from the subject; 1 is a direct neighbour.' })
  distance!: number;

  @AssumedSize(3)
  @Field(() => [LineageRefType], { description: 'The neighbours of the node that are one step nearer to the subject.' })
  through!: readonly LineageRef[];

  @Field(() => [String], { description: 'The relation to each node of through, as a sentence.' })
  words!: readonly string[];
}

@ObjectType('RelatedIndicator', {
  description:
    'An indicator that reads source tables which the view reads too. It reads neither the view nor a feature.',
})
class RelatedIndicatorType {
  @Field(() => String, { description: 'The name of the indicator.' })
  indicator!: string;

  @Field(() => [String], { description: 'The source tables that both read.' })
  tables!: readonly string[];
}

@ObjectType('Lineage', {
  description:
    'The lineage of a definition, as far as definitions state it: a feature depends on every table that its view reads, and a consumer of one feature depends on that feature alone. Only applied views, services and models are listed.',
})
class LineageType {
  @AssumedSize(10)
  @Field(() => [LineageNodeType], {
    description: 'The dependencies up to source tables and request inputs; nearest first.',
  })
  upstream!: readonly LineageNode[];

  @AssumedSize(10)
  @Field(() => [LineageNodeType], {
    description: 'The consumers down to services, models, their scores, on-demand views and indicators; nearest first.',
  })
  downstream!: readonly LineageNode[];

  @AssumedSize(5)
  @Field(() => [RelatedIndicatorType], { description: 'The indicators that read the same source tables.' })
  relatedIndicators!: Lineage['relatedIndicators'];
}

@ObjectType('SourceColumn', { description: 'A column of a source table that a feature reads.' })
class SourceColumnType {
  @Field(() => String, { description: 'The name of the source table.' })
  table!: string;

  @Field(() => String, { description: 'The name of the column.' })
  column!: string;

  @Field(() => ColumnUse, { description: 'The use that the feature makes of the column.' })
  use!: ColumnRead['use'];
}

const isPersonal = (tables: SourceTables, { table, column }: ColumnRead): boolean =>
  tables.find(table)?.columns.some(({ name, pii }) => name === column && pii) === true;

/** Tells whether a node is a feature that is hidden from the caller. */
function isHidden(context: RequestContext, registry: Registry) {
  const shows = visible(context);
  return ({ kind, id }: LineageRef): boolean => {
    if (kind !== 'FEATURE' && kind !== 'REQUEST_COLUMN') return false;
    const [viewId = '', name] = id.split(':');
    const onDemand = registry.onDemandViews.get(viewId);
    const features = kind === 'FEATURE' ? (registry.views.get(viewId) ?? onDemand)?.features : onDemand?.origin.request;
    const feature = features?.find((candidate) => candidate.name === name);
    return feature !== undefined && !shows(feature);
  };
}

function lineageFor(subject: LineageRef, context: RequestContext): Lineage {
  const { browser, registry } = context.services;
  const hidden = isHidden(context, registry);
  const lineage = browser.lineage(subject);
  const shown = (nodes: readonly LineageNode[]): LineageNode[] =>
    nodes.flatMap((node) => {
      if (hidden(node)) return [];
      const visibleAt = node.through.flatMap((neighbour, index) => (hidden(neighbour) ? [] : [index]));
      return [
        {
          ...node,
          through: visibleAt.map((index) => node.through[index] as LineageRef),
          words: visibleAt.map((index) => node.words[index] as string),
        },
      ];
    });
  return { ...lineage, upstream: shown(lineage.upstream), downstream: shown(lineage.downstream) };
}

@Resolver(() => FeatureViewType)
export class ViewLineageResolver {
  @FieldResolver(() => LineageType, { description: 'The lineage of the view.' })
  lineage(@Root() { view }: FeatureViewType, @Ctx() context: RequestContext): Lineage {
    return lineageFor({ kind: 'FEATURE_VIEW', id: view.id }, context);
  }
}

@Resolver(() => FeatureType)
export class FeatureLineageResolver {
  @FieldResolver(() => LineageType, { description: 'The lineage of the feature.' })
  lineage(@Root() { reference }: FeatureType, @Ctx() context: RequestContext): Lineage {
    return lineageFor({ kind: 'FEATURE', id: reference }, context);
  }

  @AssumedSize(10)
  @FieldResolver(() => [SourceColumnType], {
    nullable: true,
    description:
      "The source columns that the value can depend on, traced through the view's SQL; no other column can affect it. For a UNION ALL, the columns of every branch are listed. Null for scores and on-demand features, whose lineage lists their inputs.",
  })
  async columns(
    @Root() { ref: { view, feature } }: FeatureType,
    @Ctx() context: RequestContext,
  ): Promise<readonly ColumnRead[] | null> {
    if (!isStoredView(view)) return null;
    const columns = (await context.services.columns.of(view))?.get(feature.name);
    const shows = visible(context);
    const { tables } = context.services.registry;
    return columns?.filter((column) => shows({ tags: isPersonal(tables, column) ? ['pii'] : [] })) ?? null;
  }
}

@Resolver()
export class LineageResolver {
  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'], cost: ({ weight }) => weight })
  @Query(() => LineageType, {
    description: 'Traces a table, view, feature, model, service or indicator to its sources and its consumers.',
  })
  lineage(
    @Arg('kind', () => LineageKind, { description: 'The kind of the subject.' }) kind: LineageKindName,
    @Arg('id', () => String, { description: LINEAGE_ID }) id: string,
    @Ctx() context: RequestContext,
  ): Lineage {
    if (isHidden(context, context.services.registry)({ kind, id })) {
      throw notFound(`nothing applied is the feature ${id}`, 'ask `features` for those there are');
    }
    return lineageFor({ kind, id }, context);
  }
}
