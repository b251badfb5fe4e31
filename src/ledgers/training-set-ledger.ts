import { type DataSource, LessThan } from 'typeorm';
import { notFound } from '../core/errors.js';
import type { TrainingSetLedger, TrainingSetRecord, TrainingSetSpec } from '../core/ports/training-sets.js';
import { TrainingSetEntity } from './training-set.js';

/** A column of an inline spine may have the name, and is a list. */
const spineIdOf = (spine: TrainingSetSpec['spine']): string | null =>
  'id' in spine && typeof spine.id === 'string' ? spine.id : null;

export function createTrainingSetLedger(dataSource: DataSource): TrainingSetLedger {
  const sets = dataSource.getRepository(TrainingSetEntity);

  const existing = async (id: string): Promise<TrainingSetRecord> => {
    const record = await sets.findOneBy({ id });
    if (!record)
      throw notFound(`there is no training set '${id}'`, 'list the training sets and use the id of one of them');
    return record;
  };

  return {
    async create({ request, features, ...rest }) {
      await sets
        .createQueryBuilder()
        .insert()
        .values({
          ...rest,
          request: request as object,
          spineId: spineIdOf(request.spine),
          features: [...features],
          result: null,
        })
        .orIgnore()
        .execute();
      return existing(rest.id);
    },

    get: (id) => sets.findOneBy({ id }),

    list: ({ limit, before }) =>
      sets.find({
        where: before === undefined ? {} : { id: LessThan(before) },
        // Ids are UUIDs of version 7: their order is the order of asking.
        order: { id: 'DESC' },
        take: limit,
      }),

    pinning: (views) =>
      sets
        .createQueryBuilder('set')
        .select(['set.id', 'set.name'])
        .where(
          "EXISTS (SELECT 1 FROM jsonb_array_elements_text(set.features) AS reference WHERE split_part(reference, ':', 1) IN (:...views))",
          { views },
        )
        .orderBy('set.id')
        .getMany(),

    async update(id, { result }) {
      await sets.update({ id }, { result: result as object | null });
      return existing(id);
    },
  };
}
