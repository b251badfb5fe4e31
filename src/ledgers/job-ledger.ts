import { type DataSource, In, LessThan } from 'typeorm';
import { notFound } from '../core/errors.js';
import type { JobLedger, JobRecord, JobState } from '../core/ports/jobs.js';
import { JobEntity } from './job.js';

const ENDED: readonly JobState[] = ['COMPLETED', 'FAILED', 'CANCELLED'];

/** Jobs in Postgres; carrying them is the queue's task. */
export function createJobLedger(dataSource: DataSource): JobLedger {
  const jobs = dataSource.getRepository(JobEntity);

  const existing = async (id: string): Promise<JobRecord> => {
    const job = await jobs.findOneBy({ id });
    if (!job) throw notFound(`there is no job '${id}'`, 'list the jobs and use the id of one of them');
    return job;
  };

  return {
    async create({ id, name, payload, createdAt }) {
      await jobs
        .createQueryBuilder()
        .insert()
        .values({ id, name, state: 'WAITING', progress: 0, payload: payload as object, createdAt })
        .orIgnore()
        .execute();
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
