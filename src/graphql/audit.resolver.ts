import { Ctx, Field, Int, ObjectType, Query, Resolver } from 'type-graphql';
import type { AuditCheck } from '../core/ports/access.js';
import type { RequestContext } from './context.js';
import { Operation } from './operation.js';

@ObjectType('AuditCheck', { description: 'A check of the audit log: whether it is what was written.' })
class AuditCheckType implements AuditCheck {
  @Field(() => Int, { description: 'The number of entries.' })
  entries!: number;

  @Field(() => String, {
    description: 'The hash of the newest entry; kept elsewhere, it proves later that nothing before it was changed.',
  })
  newest!: string;

  @Field(() => [String], {
    description: 'The entries that were changed or are missing; none where the chain is whole.',
  })
  faults!: readonly string[];

  @Field(() => String, { description: 'The role of Postgres that writes the log.' })
  role!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The rights of the role beyond reading and appending; null where it has none.',
  })
  excess!: string | null;
}

@Resolver()
export class AuditResolver {
  @Operation({ roles: ['admin'] })
  @Query(() => AuditCheckType, { description: 'Reads the whole audit log and checks its chain of hashes.' })
  auditCheck(@Ctx() { services }: RequestContext): Promise<AuditCheck> {
    return services.audit.check();
  }
}
