import { Arg, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { boundedLimit } from '../core/bounds.js';
import { badInput } from '../core/errors.js';
import type { Instant } from '../core/helpers/time.js';
import type { GangLink } from '../core/ports/gangs.js';
import { maskFor, type RequestContext } from './context.js';
import { PAGE_SIZE } from './descriptions.js';
import { GangDayType, GangLinkType, GangMemberType, GangType, NeighbourhoodType } from './gang.types.js';
import { GANG_AS_OF as AS_OF, gangTime, REASON, INVESTIGATORS as ROLES, UNTIL } from './gang-arguments.js';
import { AssumedSize, Operation } from './operation.js';
import { GraphQLDateTime, GraphQLJSONObject } from './scalars.js';

/** A neighbourhood grows with each step by all who share something. */
const MOST_HOPS = 4;

/** Links as the caller may see them: an identifier tells a person. */
function maskedLinks(links: readonly GangLink[], context: RequestContext): GangLinkType[] {
  const mask = maskFor(context);
  return links.map((link) => ({ ...link, identifier: mask ? mask.text(link.identifier) : link.identifier }));
}

@Resolver(() => GangType)
export class GangResolver {
  @Operation({
    roles: [...ROLES],
    withholds: ['from', 'to'],
    lookUp: ({ from, to, asOf }) => ({ of: { asOf }, entities: { customer_id: [from, to] } }),
  })
  @Query(() => [GangLinkType], {
    description:
      'Finds the strongest short way between two customers over shared identifiers; empty where there is none within six.',
  })
  async whyLinked(
    @Arg('from', () => ID, { description: 'The customer at whom the way begins.' }) from: string,
    @Arg('to', () => ID, { description: 'The customer at whom it ends.' }) to: string,
    @Arg('asOf', () => GraphQLDateTime, { nullable: true, description: AS_OF }) asOf: Instant | null,
    @Ctx() context: RequestContext,
  ): Promise<GangLinkType[]> {
    return maskedLinks(await context.services.gangs.path(from, to, gangTime(asOf, context)), context);
  }

  @Operation({
    roles: [...ROLES],
    withholds: ['customer'],
    lookUp: ({ customer, hops, asOf }) => ({ of: { hops, asOf }, entities: { customer_id: [customer] } }),
  })
  @Query(() => NeighbourhoodType, {
    description: 'Reads the customers within a few shared identifiers of one, at most 500.',
  })
  async neighbourhood(
    @Arg('customer', () => ID, { description: 'The customer in the middle.' }) customer: string,
    @Arg('hops', () => Int, {
      defaultValue: 2,
      description: `The shared identifiers to the farthest, 1 to ${MOST_HOPS}.`,
    })
    hops: number,
    @Arg('asOf', () => GraphQLDateTime, { nullable: true, description: AS_OF }) asOf: Instant | null,
    @Ctx() context: RequestContext,
  ): Promise<NeighbourhoodType> {
    if (hops < 1 || hops > MOST_HOPS) throw badInput(`\`hops\` is ${hops}`, `ask for 1 to ${MOST_HOPS}`);
    const found = await context.services.gangs.neighbourhood(customer, hops, gangTime(asOf, context));
    return { ...found, links: maskedLinks(found.links, context) };
  }

  @Operation({ roles: [...ROLES], withholds: ['identifier'] })
  @Mutation(() => Boolean, {
    description: 'Trusts an identifier, such as the phone of a shop: from now on it ties no two customers.',
  })
  async trustIdentifier(
    @Arg('type', () => String, { description: 'The kind of identifier, as a link shows it.' }) type: string,
    @Arg('identifier', () => String, { description: 'The identifier, in clear or as a link shows it.' })
    identifier: string,
    @Arg('reason', () => String, { description: REASON }) reason: string,
    @Arg('until', () => GraphQLDateTime, { nullable: true, description: UNTIL }) until: Instant | null,
    @Ctx() { services }: RequestContext,
  ): Promise<boolean> {
    await services.investigation.trust({ type, identifier, reason, until: until ?? null });
    return true;
  }

  @Operation({
    roles: [...ROLES],
    withholds: ['customer'],
    lookUp: ({ customer, columns, reason }) => ({ of: { columns, reason }, entities: { customer_id: [customer] } }),
  })
  @Mutation(() => GraphQLJSONObject, {
    description:
      'Reveals personal values of a customer, column by column. The audit log keeps who asked, for which columns and why.',
  })
  async reveal(
    @Arg('customer', () => ID, { description: 'The customer.' }) customer: string,
    @Arg('columns', () => [String], { description: 'The columns of the table customers.' }) columns: string[],
    @Arg('reason', () => String, { description: REASON }) reason: string,
    @Ctx() { services }: RequestContext,
  ): Promise<Readonly<Record<string, unknown>>> {
    if (reason.trim() === '') throw badInput('`reason` is empty', 'say what the case needs the values for');
    return services.investigation.reveal(customer, columns);
  }

  @AssumedSize(20)
  @FieldResolver(() => [GangMemberType], { description: 'The members, those who joined first first.' })
  async members(
    @Root() { gang }: GangType,
    @Arg('limit', () => Int, { defaultValue: 200, description: PAGE_SIZE }) limit: number,
    @Ctx() { services }: RequestContext,
  ): Promise<readonly GangMemberType[]> {
    return (await services.gangs.members(gang)).slice(0, boundedLimit(limit));
  }

  @AssumedSize(50)
  @FieldResolver(() => [GangLinkType], { description: 'The links that tie the members, the strongest first.' })
  async links(
    @Root() { gang }: GangType,
    @Arg('limit', () => Int, { defaultValue: 500, description: PAGE_SIZE }) limit: number,
    @Ctx() context: RequestContext,
  ): Promise<GangLinkType[]> {
    return maskedLinks((await context.services.gangs.links(gang)).slice(0, boundedLimit(limit)), context);
  }

  @AssumedSize(20)
  @FieldResolver(() => [GangDayType], {
    description: 'The days on which the members changed or one turned bad, oldest first.',
  })
  timeline(@Root() { gang }: GangType, @Ctx() { services }: RequestContext): Promise<readonly GangDayType[]> {
    return services.gangs.timeline(gang);
  }
}
