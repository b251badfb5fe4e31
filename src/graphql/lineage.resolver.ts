import { Arg, Ctx, Field, FieldResolver, Int, ObjectType, Query, Resolver, Root } from 'type-graphql';
import { isStoredView } from '../core/definitions/definitions.js';
import type { Registry } from '../core/definitions/registry.js';
import { notFound } from '../core/errors.js';
import { SOURCE_TABLES } from '../core/lending/sources.js';
import type { Lineage, LineageKind as LineageKindName, LineageNode, LineageRef } from '../core/ports/browse.js';
import type { ColumnRead } from '../core/ports/columns-read.js';
import { FeatureType, FeatureViewType, visible } from './catalogue.types.js';
import type { RequestContext } from './context.js';
import { ColumnUse, LineageKind } from './enums.js';
import { AssumedSize, Operation } from './operation.js';

@ObjectType('LineageRef')
class LineageRefType {
  @Field(() => LineageKind)
  kind!: LineageKindName;

  @Field(() => String, {
    description:
      'A table’s or an indicator’s name, name@version, view@version:feature, or view@version:column of a request.',
  })
  id!: string;
}

@ObjectType('LineageNode')
class LineageNodeType extends LineageRefType {
  @Field(() => Int, { description: 'Steps from the subject; 1 is next to it.' })
  distance!: number;

  @AssumedSize(3)
  @Field(() => [LineageRefType], { description: 'What it is tied to, one step nearer to the subject.' })
  through!: readonly LineageRef[];

  @Field(() => [String], { description: 'How it is tied to each of `through`, in words.' })
  words!: readonly string[];
}

@ObjectType('RelatedIndicator', {
  description:
    'An indicator that reads source tables which the view reads too. It reads neither the view nor a feature.',
})
class RelatedIndicatorType {
  @Field(() => String)
  indicator!: string;

  @Field(() => [String], { description: 'Tables that both read.' })
  tables!: readonly string[];
}

@ObjectType('Lineage', {
  description:
    'What something is made of and who needs it, as far as definitions say: a feature stands on every table that its view reads, and ' +
    'whoever lists one feature needs that feature alone. Views, services and models are those that are applied.',
})
class LineageType {
  @AssumedSize(10)
  @Field(() => [LineageNodeType], { description: 'Up to source tables and to what a request brings; nearest first.' })
  upstream!: readonly LineageNode[];

  @AssumedSize(10)
  @Field(() => [LineageNodeType], {
    description: 'Down to services, models, their scores, on-demand views and indicators; nearest first.',
  })
  downstream!: readonly LineageNode[];

  @AssumedSize(5)
  @Field(() => [RelatedIndicatorType])
  relatedIndicators!: Lineage['relatedIndicators'];
}

@ObjectType('SourceColumn')
class SourceColumnType {
  @Field(() => String)
  table!: string;

  @Field(() => String)
  column!: string;

  @Field(() => ColumnUse)
  use!: ColumnRead['use'];
}

const isPersonal = ({ table, column }: ColumnRead): boolean =>
  SOURCE_TABLES.get(table)?.columns.some(({ name, pii }) => name === column && pii) === true;

/** Whether a node is a feature that the caller may not know of. */
function isHidden(context: RequestContext, registry: Registry) {
  const shows = visible(context);
  return ({ kind, id }: LineageRef): boolean => {
    if (kind !== 'FEATURE' && kind !== 'REQUEST_COLUMN') return false;
    const [viewId = '', name] = id.split(':');
    const onDemand = registry.onDemandViews.get(viewId);
    const features = kind === 'FEATURE' ? (registry.views.get(viewId) ?? onDemand)?.features : onDemand?.origin.request;
    const feature = features?.find((one) => one.name === name);
    return feature !== undefined && !shows(feature);
  };
}

function lineageFor(subject: LineageRef, context: RequestContext): Lineage {
  const { browser, registry } = context.services;
  const hidden = isHidden(context, registry);
  const found = browser.lineage(subject);
  const shown = (nodes: readonly LineageNode[]): LineageNode[] =>
    nodes.flatMap((node) => {
      if (hidden(node)) return [];
      const kept = node.through.flatMap((one, index) => (hidden(one) ? [] : [index]));
      return [
        {
          ...node,
          through: kept.map((index) => node.through[index] as LineageRef),
          words: kept.map((index) => node.words[index] as string),
        },
      ];
    });
  return { ...found, upstream: shown(found.upstream), downstream: shown(found.downstream) };
}

@Resolver(() => FeatureViewType)
export class ViewLineageResolver {
  @FieldResolver(() => LineageType)
  lineage(@Root() { view }: FeatureViewType, @Ctx() context: RequestContext): Lineage {
    return lineageFor({ kind: 'FEATURE_VIEW', id: view.id }, context);
  }
}

@Resolver(() => FeatureType)
export class FeatureLineageResolver {
  @FieldResolver(() => LineageType)
  lineage(@Root() { reference }: FeatureType, @Ctx() context: RequestContext): Lineage {
    return lineageFor({ kind: 'FEATURE', id: reference }, context);
  }

  @AssumedSize(10)
  @FieldResolver(() => [SourceColumnType], {
    nullable: true,
    description:
      'Source columns that the value can depend on, followed through the SQL of the view: on no other can it. Where branches meet in a UNION ALL, ' +
      'those of every branch. Null of scores and of what is computed on demand, whose lineage names their inputs.',
  })
  async columns(
    @Root() { ref: { view, feature } }: FeatureType,
    @Ctx() context: RequestContext,
  ): Promise<readonly ColumnRead[] | null> {
    if (!isStoredView(view)) return null;
    const columns = (await context.services.columns.of(view))?.get(feature.name);
    const shows = visible(context);
    return columns?.filter((one) => shows({ tags: isPersonal(one) ? ['pii'] : [] })) ?? null;
  }
}

@Resolver()
export class LineageResolver {
  @Operation({ roles: ['admin', 'modeler', 'decision', 'bi'], cost: ({ weight }) => weight })
  @Query(() => LineageType, {
    description: 'What a table, view, feature, model, service or indicator is made of, and who needs it.',
  })
  lineage(
    @Arg('kind', () => LineageKind) kind: LineageKindName,
    @Arg('id', () => String, { description: 'As LineageRef.id writes it.' }) id: string,
    @Ctx() context: RequestContext,
  ): Lineage {
    if (isHidden(context, context.services.registry)({ kind, id })) {
      throw notFound(`nothing applied is the feature ${id}`, 'ask `features` for those there are');
    }
    return lineageFor({ kind, id }, context);
  }
}
