import { Arg, Ctx, Field, Int, ObjectType, Query, Resolver } from 'type-graphql';
import { boundedLimit } from '../core/bounds.js';
import type { RequestContext } from './context.js';
import { PAGE_SIZE } from './descriptions.js';
import { Operation } from './operation.js';

@ObjectType('RejectedRow', { description: 'A row that an import rejected.' })
class RejectedRowType {
  @Field(() => Int, { description: 'The line in the file (the header is line 1), or the index in an ingested list.' })
  index!: number;

  @Field(() => String, {
    nullable: true,
    description: 'The column that the reason is about; null where it is about the whole row.',
  })
  column!: string | null;

  @Field(() => String, { description: 'The reason, with the expected format and never the value.' })
  reason!: string;
}

@Resolver()
export class QuarantineResolver {
  @Operation({ roles: ['admin', 'modeler'], lookUp: ({ table, limit }) => ({ of: { table, limit } }) })
  @Query(() => [RejectedRowType], { description: 'Lists the rows that imports rejected, newest import first.' })
  async quarantine(
    @Arg('table', () => String, { description: 'The name of the source table.' }) table: string,
    @Arg('limit', () => Int, { defaultValue: 50, description: PAGE_SIZE }) limit: number,
    @Ctx() { services }: RequestContext,
  ): Promise<RejectedRowType[]> {
    const rows = await services.sources.quarantine(table, boundedLimit(limit));
    return rows.map(({ line, column, reason }) => ({ index: line, column, reason }));
  }
}
