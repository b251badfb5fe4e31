import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { Instant, LocalDate } from '../core/helpers/time.js';
import type { Gang, Verdict } from '../core/ports/gangs.js';
import type { EntityNode } from './entity-facets.js';
import { GangVerdict } from './enums.js';
import { GraphQLDate, GraphQLDateTime } from './scalars.js';

/** What a gang is beside its feature views. The type `Gang` of a schema extends it by a field for each view. */
@ObjectType('GangBase')
export class GangType implements EntityNode {
  /** The knowledge time that was asked for; null: now. */
  readonly asOf!: Instant | null;

  /** The source of the resolved fields; it is no field of the graph. */
  readonly gang!: Gang;

  @Field(() => ID, {
    description: 'The id, which is kept from day to day; `new` while no derived day has named the gang.',
  })
  id!: string;

  @Field(() => Int, { description: 'The number of members.' })
  size!: number;

  @Field(() => GraphQLDateTime, {
    description: 'The instant at which the first two members had both been seen with one identifier.',
  })
  firstSeen!: Instant;

  @Field(() => Int, {
    description: 'The number of members who are known bad: 30 days past due once, written off, or judged.',
  })
  knownBad!: number;

  @Field(() => GangVerdict, { description: 'The verdict in force.' })
  verdict!: Verdict;
}

/** @param asOf the knowledge time that was asked for; null: now, so that feature views are read from the online store */
export const shown = (gang: Gang, asOf: Instant | null): GangType => ({
  gang,
  asOf: asOf ?? null,
  id: gang.id,
  size: gang.customers.length,
  firstSeen: gang.firstSeen,
  knownBad: gang.knownBad,
  verdict: gang.verdict,
});

@ObjectType('GangMember', { description: 'A customer in a gang, or near another customer.' })
export class GangMemberType {
  @Field(() => ID, { description: 'The customer.' })
  customerId!: string;

  @Field(() => GraphQLDateTime, {
    description: 'The instant at which the customer and another had first both been seen with one identifier.',
  })
  joinedAt!: Instant;

  @Field(() => Boolean, { description: 'Tells whether the customer is known bad.' })
  knownBad!: boolean;

  @Field(() => Int, {
    nullable: true,
    description: 'The identifiers on the shortest way to another who is known bad; null where there is none.',
  })
  distanceToBad!: number | null;

  @Field(() => Int, { description: 'The number of applications of the customer.' })
  applications!: number;
}

@ObjectType('GangLink', { description: 'A link of a customer to an identifier that others share.' })
export class GangLinkType {
  @Field(() => ID, { description: 'The customer.' })
  from!: string;

  @Field(() => String, {
    description: 'The kind of identifier; a number of one’s own and one named as a contact are both PHONE.',
  })
  identifierType!: string;

  @Field(() => String, {
    description: 'The identifier, masked but for an admin: the same identifier has the same mask.',
  })
  identifier!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The customer to whom it leads, on a way between two; else null.',
  })
  to!: string | null;

  @Field(() => GraphQLDateTime, {
    description: 'The instant at which the link was first seen; on a way, the later of both ends.',
  })
  firstSeen!: Instant;

  @Field(() => GraphQLDateTime, {
    description: 'The instant at which the link was last seen; on a way, the earlier of both ends.',
  })
  lastSeen!: Instant;

  @Field(() => Float, {
    description: 'The strength of the tie, in (0, 1]: by its kind, and less the more customers share it.',
  })
  weight!: number;
}

@ObjectType('GangDay', { description: 'A day on which the members of a gang changed, or one of them turned bad.' })
export class GangDayType {
  @Field(() => GraphQLDate, { description: 'The local day, at whose end this holds.' })
  date!: LocalDate;

  @Field(() => Int, { description: 'The number of members.' })
  size!: number;

  @Field(() => Int, { description: 'The number of members who joined since the derived day before.' })
  joined!: number;

  @Field(() => Int, { description: 'The number of members who are known bad.' })
  knownBad!: number;

  @Field(() => [ID], { description: 'Other gangs from which members came.' })
  mergedFrom!: readonly string[];
}

@ObjectType('Neighbourhood', { description: 'The customers within a few shared identifiers of one.' })
export class NeighbourhoodType {
  @Field(() => [GangMemberType], { description: 'The customers, the one asked for among them.' })
  customers!: readonly GangMemberType[];

  @Field(() => [GangLinkType], { description: 'The links that tie them, the strongest first.' })
  links!: readonly GangLinkType[];

  @Field(() => Boolean, { description: 'Tells whether more customers are within reach than are shown.' })
  truncated!: boolean;
}
