import { type DataSource, type EntityManager, In, LessThan, Not } from 'typeorm';
import { notFound, RiskgraphError } from '../core/errors.js';
import type { JobLedger, JobRecord, JobState } from '../core/ports/jobs.js';
import { JobEntity } from './job.js';

const ENDED: readonly JobState[] = ['COMPLETED', 'FAILED', 'CANCELLED'];

/** @throws RATE_LIMITED */
async function refuseMore(
  manager: EntityManager,
  { owner, name, mostOpen }: { readonly owner: string; readonly name: string; readonly mostOpen: number },
): Promise<void> {
  // Two requests of an owner at once are counted one after the other.
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`jobs of ${owner}`]);
  const open = await manager.countBy(JobEntity, { owner, name, state: Not(In(ENDED)) });
  if (open < mostOpen) return;
  throw new RiskgraphError({
    code: 'RATE_LIMITED',
    message: `${open} jobs ${name} of this key have not ended, and ${mostOpen} is the most at a time`,
    hint: 'wait until one has ended, or cancel one (cancelJob)',
  });
}

/** Jobs in Postgres; carrying them is the queue's task. */
export function createJobLedger(dataSource: DataSource): JobLedger {
  const jobs = dataSource.getRepository(JobEntity);

  const existing = async (id: string): Promise<JobRecord> => {
    const job = await jobs.findOneBy({ id });
    if (!job) throw notFound(`there is no job '${id}'`, 'list the jobs and use the id of one of them');
    return job;
  };

  return {
    async create({ id, name, payload, createdAt, owner, mostOpen }) {
      const values = { id, name, owner: owner ?? null, state: 'WAITING', progress: 0, createdAt } as const;
      await dataSource.transaction(async (manager) => {
        if (owner && mostOpen !== undefined) await refuseMore(manager, { owner, name, mostOpen });
        await manager
          .createQueryBuilder()
          .insert()
          .into(JobEntity)
          .values({ ...values, payload: payload as object })
          .orIgnore()
          .execute();
      });
      return existing(id);
    },

    get: (id) => jobs.findOneBy({ id }),
    getMany: (ids) => jobs.findBy({ id: In([...ids]) }),

    list: ({ name, state, limit, before }) =>
      jobs.find({
        where: {
          ...(name === undefined ? {} : { name }),
          ...(state === undefined ? {} : { state }),
          ...(before === undefined ? {} : { id: LessThan(before) }),
        },
        order: { id: 'DESC' },
        take: limit,
      }),

    async update(id, { result, ...rest }) {
      // The condition is in the statement itself: a cancel and a completion that meet leave one of them, whole.
      await jobs
        .createQueryBuilder()
        .update()
        .set({ ...rest, ...(result === undefined ? {} : { result: result as object }) })
        .where('id = :id AND state NOT IN (:...ended)', { id, ended: ENDED })
        .execute();
      return existing(id);
    },

    open: () => jobs.find({ where: { state: In(['WAITING', 'ACTIVE']) }, order: { id: 'ASC' } }),
  };
}
