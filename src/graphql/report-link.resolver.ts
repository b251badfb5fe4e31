import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import type { Instant } from '../core/helpers/time.js';
import type { RowRight } from '../core/ports/access.js';
import type { LinkedReport as LinkedReportName, ReportLink } from '../core/ports/report-links.js';
import type { RequestContext } from './context.js';
import { LinkedReport } from './enums.js';
import { Operation } from './operation.js';
import { GraphQLDateTime } from './scalars.js';

const DIMENSION = 'The name of a dimension of the report.';
const VALUES = 'The values of the dimension, one of which a row must have.';

@ObjectType('RowRight', { description: 'A right to the rows whose dimension has one of the values.' })
class RowRightType implements RowRight {
  @Field(() => String, { description: DIMENSION })
  dimension!: string;

  @Field(() => [String], { description: VALUES })
  values!: readonly string[];
}

@InputType('RowRightInput', { description: 'A right to the rows whose dimension has one of the values.' })
class RowRightInput implements RowRight {
  @Field(() => String, { description: DIMENSION })
  dimension!: string;

  @Field(() => [String], { description: VALUES })
  values!: string[];
}

@ObjectType('ReportLink', { description: 'An address that reads one report without a key, until it is revoked.' })
class ReportLinkType implements ReportLink {
  @Field(() => ID, { description: 'The id of the link.' })
  id!: string;

  @Field(() => String, { description: 'The name of the link, which the audit log shows as its caller.' })
  name!: string;

  @Field(() => LinkedReport, { description: 'The report that it reads.' })
  report!: LinkedReportName;

  @Field(() => [String], { description: 'The indicators that it reads, or the one funnel.' })
  indicators!: readonly string[];

  @Field(() => [RowRightType], { description: 'The rights to rows, all of which hold; none where it reads every row.' })
  rows!: readonly RowRightType[];

  @Field(() => String, { description: 'The name of the key that made it.' })
  createdBy!: string;

  @Field(() => GraphQLDateTime, { description: 'The instant at which it was made.' })
  createdAt!: Instant;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'The instant at which it ends; null where it does not.',
  })
  expiresAt!: Instant | null;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'The instant at which it was revoked; null where it was not.',
  })
  revokedAt!: Instant | null;
}

@ObjectType('NewReportLink', { description: 'A report link that was made, with its address.' })
class NewReportLinkType {
  @Field(() => ReportLinkType, { description: 'The link.' })
  link!: ReportLinkType;

  @Field(() => String, {
    description:
      'The path of its files, which is shown this once: /report.csv, /report.json or /report.parquet and a query string follow it.',
  })
  path!: string;
}

@Resolver()
export class ReportLinkResolver {
  @Operation({ roles: ['admin'] })
  @Query(() => [ReportLinkType], { description: 'Lists the report links, the newest first, revoked ones too.' })
  reportLinks(@Ctx() { services }: RequestContext): Promise<readonly ReportLinkType[]> {
    return services.reportLinks.all();
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => NewReportLinkType, {
    description: 'Makes a report link, for a spreadsheet that sends no key: who has the address reads the report.',
  })
  async createReportLink(
    @Arg('name', () => String, { description: 'The name of the link, such as the workbook that reads it.' })
    name: string,
    @Arg('report', () => LinkedReport, { description: 'The report that it reads.' }) report: LinkedReportName,
    @Arg('indicators', () => [String], {
      nullable: true,
      description: 'The indicators that it reads, or the one funnel; none for VINTAGE and ROLL_RATES.',
    })
    indicators: string[] | null,
    @Arg('rights', () => [RowRightInput], {
      nullable: true,
      description: 'The rights to rows, all of which hold; without them it reads every row.',
    })
    rights: RowRightInput[] | null,
    @Arg('expiresAt', () => GraphQLDateTime, {
      nullable: true,
      description: 'The instant at which it ends; without it, it is read until it is revoked.',
    })
    expiresAt: Instant | null,
    @Ctx() { services, caller }: RequestContext,
  ): Promise<NewReportLinkType> {
    const { link, secret } = await services.reportLinks.create({
      name,
      report,
      indicators: indicators ?? [],
      rows: (rights ?? []).map(({ dimension, values }) => ({ dimension, values })),
      createdBy: caller.name,
      expiresAt: expiresAt ?? null,
    });
    return { link, path: `/links/${secret}` };
  }

  @Operation({ roles: ['admin'] })
  @Mutation(() => ReportLinkType, { description: 'Revokes a report link: its address reads nothing from then on.' })
  revokeReportLink(
    @Arg('id', () => ID, { description: 'The id of the link.' }) id: string,
    @Ctx() { services }: RequestContext,
  ): Promise<ReportLinkType> {
    return services.reportLinks.revoke(id);
  }
}
