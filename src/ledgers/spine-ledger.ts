import { type DataSource, LessThan } from 'typeorm';
import type { SpineLedger } from '../core/ports/spines.js';
import { UploadedSpineEntity } from './uploaded-spine.js';

/** A set whose build failed, or was cancelled, needs its spine no more, and a young one may be asked for once more. */
const USED = `EXISTS (
  SELECT 1 FROM training_set AS made LEFT JOIN job ON job.id = made.job_id
  WHERE made.spine_id = spine.id
    AND (made.result IS NOT NULL OR made.created_at >= :before OR job.state IS NULL OR job.state NOT IN ('FAILED', 'CANCELLED')))`;

export function createSpineLedger(dataSource: DataSource): SpineLedger {
  const spines = dataSource.getRepository(UploadedSpineEntity);
  return {
    async create({ columns, ...spine }) {
      await spines.insert({ ...spine, columns: columns as object as [] });
    },
    get: (id) => spines.findOneBy({ id }),
    all: () => spines.find(),
    unused: (before) =>
      spines
        .createQueryBuilder('spine')
        .where({ uploadedAt: LessThan(before) })
        .andWhere(`NOT ${USED}`, { before: new Date(before) })
        .getMany(),
    async remove(id) {
      await spines.delete({ id });
    },
  };
}
