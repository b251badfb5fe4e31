import { Arg, Field, ObjectType, Query, Resolver } from 'type-graphql';
import {
  type DeviceIdentifier,
  type DeviceIdentifierKind as DeviceIdentifierKindName,
  type IdentifierStatus as IdentifierStatusName,
  readDeviceIdentifier,
} from '../core/lending/device-identifier.js';
import { DeviceIdentifierKind, IdentifierStatus } from './enums.js';
import { Operation } from './operation.js';
import { GraphQLJSONObject } from './scalars.js';

@ObjectType('DeviceIdentifier', { description: 'A reported device identifier, with its status and its parts.' })
class DeviceIdentifierType implements DeviceIdentifier {
  @Field(() => DeviceIdentifierKind, { description: 'The kind that it was asked for as.' })
  kind!: DeviceIdentifierKindName;

  @Field(() => IdentifierStatus, { description: 'Tells whether the value can stand for a device.' })
  status!: IdentifierStatusName;

  @Field(() => String, {
    nullable: true,
    description: 'One spelling for all reports of the identifier; null unless it is VALID.',
  })
  normalized!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The reason why the value is not VALID, or what was done to make its normal form; null where there is nothing to say.',
  })
  reason!: string | null;

  @Field(() => GraphQLJSONObject, {
    nullable: true,
    description:
      'The parts of the identifier by name, as the type allocation code, serial number and check digit of an IMEI; null unless it is VALID.',
  })
  parts!: DeviceIdentifier['parts'];
}

@Resolver()
export class DeviceIdentifierResolver {
  @Operation({ roles: ['admin', 'modeler', 'decision', 'ingest'] })
  @Query(() => DeviceIdentifierType, {
    description:
      'Parses, checks and normalizes a device identifier. It reads nothing that is stored: the answer follows from the value alone.',
  })
  deviceIdentifier(
    @Arg('kind', () => DeviceIdentifierKind, { description: 'The kind of the identifier.' })
    kind: DeviceIdentifierKindName,
    @Arg('value', () => String, { description: 'The value as the phone reported it.' }) value: string,
  ): DeviceIdentifier {
    return readDeviceIdentifier(kind, value);
  }
}
