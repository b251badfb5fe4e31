/** Gangs in the typed graph: the type `Gang` beside its feature views, and the operations that answer with it. */
import { Arg, Ctx, ID, Int, Mutation, Query, Resolver } from 'type-graphql';
import { boundedLimit } from '../core/bounds.js';
import { defineEntity } from '../core/definitions/define-entity.js';
import { badInput } from '../core/errors.js';
import type { Instant } from '../core/helpers/time.js';
import { GANG_MEASURES, type Verdict } from '../core/ports/gangs.js';
import type { RequestContext } from './context.js';
import { PAGE_BEFORE, PAGE_SIZE } from './descriptions.js';
import type { EntityFacet } from './entity-facets.js';
import { GangVerdict } from './enums.js';
import { GangType, shown } from './gang.types.js';
import { GANG_AS_OF as AS_OF, gangTime, REASON, INVESTIGATORS as ROLES, UNTIL } from './gang-arguments.js';
import { IndicatorFilterType } from './indicator.resolver.js';
import { Operation } from './operation.js';
import { GraphQLDateTime } from './scalars.js';

function gangOperations(type: NewableFunction): readonly NewableFunction[] {
  @Resolver()
  class GangOperations {
    @Operation({ roles: [...ROLES], lookUp: ({ minSize, verdict }) => ({ of: { minSize, verdict } }) })
    @Query(() => [type as never], { description: 'Lists gangs as of the last derived day, the largest first.' })
    async gangs(
      @Arg('asOf', () => GraphQLDateTime, { nullable: true, description: AS_OF }) asOf: Instant | null,
      @Arg('minSize', () => Int, { defaultValue: 3, description: 'The fewest members; two are mostly a couple.' })
      minSize: number,
      @Arg('verdict', () => GangVerdict, { nullable: true, description: 'Only gangs with this verdict in force.' })
      verdict: Verdict | null,
      @Arg('filters', () => [IndicatorFilterType], {
        nullable: true,
        description: `Conditions on measures of the gang, all of which must hold: ${GANG_MEASURES.join(', ')}.`,
      })
      filters: IndicatorFilterType[] | null,
      @Arg('orderBy', () => String, {
        nullable: true,
        description: 'The measure to order by, with - in front from high to low. Without it, the largest come first.',
      })
      orderBy: string | null,
      @Arg('limit', () => Int, { defaultValue: 50, description: PAGE_SIZE }) limit: number,
      @Arg('before', () => ID, { nullable: true, description: PAGE_BEFORE }) before: string | null,
      @Ctx() context: RequestContext,
    ): Promise<GangType[]> {
      if (minSize < 2) throw badInput(`\`minSize\` is ${minSize}`, 'a gang has two members or more');
      const gangs = await context.services.gangs.search({
        asOf: gangTime(asOf, context),
        minSize,
        verdict: verdict ?? null,
        filters: filters ?? [],
        orderBy: orderBy ?? null,
        limit: boundedLimit(limit),
        before: before ?? null,
      });
      return gangs.map((gang) => shown(gang, asOf));
    }

    @Operation({
      roles: [...ROLES],
      cost: ({ weight }) => weight,
      lookUp: ({ id, asOf }) => ({ of: { asOf }, entities: { gang_id: [id] } }),
    })
    @Query(() => type as never, {
      nullable: true,
      description: 'Reads one gang; null where no customer is in a gang of this id.',
    })
    async gang(
      @Arg('id', () => ID, { description: 'The id of the gang.' }) id: string,
      @Arg('asOf', () => GraphQLDateTime, { nullable: true, description: AS_OF }) asOf: Instant | null,
      @Ctx() context: RequestContext,
    ): Promise<GangType | null> {
      const gang = await context.services.gangs.find(id, gangTime(asOf, context));
      return gang && shown(gang, asOf);
    }

    @Operation({
      roles: [...ROLES],
      cost: ({ weight }) => weight,
      withholds: ['customer'],
      lookUp: ({ customer, asOf }) => ({ of: { asOf }, entities: { customer_id: [customer] } }),
    })
    @Query(() => type as never, {
      nullable: true,
      description:
        'Reads the gangs that the identifiers of a customer touch at this moment, as one; links that were just imported count. Null where they tie the customer to no one.',
    })
    async gangOf(
      @Arg('customer', () => ID, { description: 'The customer.' }) customer: string,
      @Arg('asOf', () => GraphQLDateTime, { nullable: true, description: AS_OF }) asOf: Instant | null,
      @Ctx() context: RequestContext,
    ): Promise<GangType | null> {
      const gang = await context.services.gangs.findOf(customer, gangTime(asOf, context));
      return gang && shown(gang, asOf);
    }

    @Operation({ roles: [...ROLES] })
    @Mutation(() => type as never, {
      description:
        'Records the verdict of an investigator. From now on it is a feature of the gang and its members, and CONFIRMED or FALSE_ALARM a label.',
    })
    async judgeGang(
      @Arg('id', () => ID, { description: 'The id of the gang.' }) id: string,
      @Arg('verdict', () => GangVerdict, { description: 'The finding; NONE takes back the one before.' })
      verdict: Verdict,
      @Arg('note', () => String, { description: REASON }) note: string,
      @Arg('until', () => GraphQLDateTime, { nullable: true, description: UNTIL }) until: Instant | null,
      @Ctx() { services }: RequestContext,
    ): Promise<GangType> {
      return shown(await services.investigation.judge({ id, verdict, note, until: until ?? null }), null);
    }
  }
  return [GangOperations];
}

export const GANG_FACET: EntityFacet = {
  entity: defineEntity({
    name: 'gang',
    joinKeys: ['gang_id'],
    description: 'A connected group of customers who share strong identifiers.',
  }),
  base: GangType,
  fields: [],
  operations: gangOperations,
};
