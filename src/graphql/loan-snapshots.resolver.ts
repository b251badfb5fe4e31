import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { LocalDate } from '../core/helpers/time.js';
import { deriveLoanSnapshots } from '../core/ports/job-contracts.js';
import type { JobRecord } from '../core/ports/jobs.js';
import type { RequestContext } from './context.js';
import { JobType } from './job.resolver.js';
import { Operation } from './operation.js';
import { GraphQLDate } from './scalars.js';

@Resolver()
export class LoanSnapshotsResolver {
  @Operation({ roles: ['admin'] })
  @Mutation(() => JobType, {
    description:
      'Derives loan_snapshots from loans, instalments, repayments and loan events. Imported loan-days stay as they are.',
  })
  deriveLoanSnapshots(
    @Arg('through', () => GraphQLDate, {
      nullable: true,
      description: 'The last local day to derive; without it, the newest day that ended at least half an hour ago.',
    })
    through: LocalDate | null,
    @Ctx() { services, caller }: RequestContext,
  ): Promise<JobRecord> {
    return services.queue.enqueue(deriveLoanSnapshots, { through: through ?? undefined }, { owner: caller.keyId });
  }
}
