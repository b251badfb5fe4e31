import { Between, type DataSource, In, LessThan, MoreThan, Not } from 'typeorm';
import { RiskgraphError } from '../core/errors.js';
import type { Instant } from '../core/helpers/time.js';
import type { ComputedAsOf, RunChange, RunLedger, RunRecord } from '../core/ports/materialize.js';
import { checkToken } from './leases.js';
import { MaterializationRunEntity } from './materialization-run.js';

/** Number of newest runs that give the pace of a view. */
const RUNS_OF_A_PACE = 200;

const AS_OF_COLUMNS = `view_id AS "viewId", as_of AS "asOf", knowledge, kind, coalesce(counts->'imports', '{}') AS imports,
  coalesce(counts->'incomplete', '[]') AS incomplete, coalesce((counts->>'derivedAnew')::boolean, false) AS "derivedAnew"`;

type RowOfAsOf = Omit<ComputedAsOf, 'asOf' | 'knowledge'> & { readonly asOf: Date; readonly knowledge: Date };

const asOfOf = (row: RowOfAsOf): ComputedAsOf => ({
  ...row,
  asOf: row.asOf.getTime(),
  knowledge: row.knowledge.getTime(),
});

/** The state of each run, in Postgres. */
export function createRunLedger(dataSource: DataSource): RunLedger {
  const runs = dataSource.getRepository(MaterializationRunEntity);

  const beginAll: RunLedger['beginAll'] = async (requested) => {
    if (requested.length === 0) return [];
    await runs
      .createQueryBuilder()
      .insert()
      .values(requested.map((run) => ({ ...run, stage: 'STARTED', shardsDone: [] })))
      .orIgnore()
      .execute();
    const records = await runs.find({ where: requested.map(({ jobId, viewId, asOf }) => ({ jobId, viewId, asOf })) });
    return requested.map((run) => {
      const { jobId, viewId, asOf } = run;
      const own = records.find((each) => each.jobId === jobId && each.viewId === viewId && each.asOf === asOf);
      if (own) return own;
      throw new RiskgraphError({ code: 'INTERNAL', message: `the run of ${viewId} that was begun is not there` });
    });
  };

  const updateAll: RunLedger['updateAll'] = async (changes, lease) => {
    // Runs with the same change are updated by one statement.
    const same = new Map<string, { readonly change: RunChange; readonly ids: number[] }>();
    for (const { id, change } of changes) {
      const text = JSON.stringify(change);
      const group = same.get(text) ?? { change, ids: [] };
      group.ids.push(id);
      same.set(text, group);
    }
    await dataSource.transaction(async (manager) => {
      // The row of the token stays locked until the changes are there: the next holder of the view sees them.
      await checkToken(manager, lease);
      for (const { change, ids } of same.values()) {
        const { shardsDone, ...rest } = change;
        await manager
          .createQueryBuilder()
          .update(MaterializationRunEntity)
          .set({ ...rest, ...(shardsDone ? { shardsDone: [...shardsDone] } : {}) })
          .where({ id: In(ids) })
          .execute();
      }
    });
  };

  return {
    beginAll,
    updateAll,

    async begin(run) {
      const [begun] = (await beginAll([run])) as [RunRecord];
      return begun;
    },

    async numberAbove(run) {
      const counter = "pg_get_serial_sequence('materialization_run', 'id')::regclass";
      const newest = async (of: Pick<DataSource, 'query'>): Promise<number> => {
        const [row] = (await of.query(`SELECT pg_sequence_last_value(${counter}) AS newest`)) as { newest: string }[];
        return Number(row?.newest ?? 0);
      };
      if ((await newest(dataSource)) >= run) return;
      await dataSource.transaction(async (manager) => {
        // No run takes a number meanwhile: the counter would be put back to before it.
        await manager.query('LOCK TABLE materialization_run IN EXCLUSIVE MODE');
        if ((await newest(manager)) < run) await manager.query(`SELECT setval(${counter}, $1)`, [run]);
      });
    },

    update: (id, change, lease) => updateAll([{ id, change }], lease),

    unfinished: (viewId): Promise<RunRecord[]> =>
      runs.find({ where: { viewId, stage: Not('COMMITTED') }, order: { id: 'ASC' } }),

    async stampedAfter(viewIds, instant) {
      const after = MoreThan(instant);
      const stamped = [{ onlineStamp: after }, { historyStamp: after }];
      return runs.find({
        where: stamped.map((stamp) => ({ viewId: In([...viewIds]), ...stamp })),
        order: { id: 'ASC' },
      });
    },

    forget: (ids, lease) =>
      dataSource.transaction(async (manager) => {
        await checkToken(manager, lease);
        await manager.delete(MaterializationRunEntity, { id: In([...ids]) });
      }),

    async committed(viewIds) {
      const found: { viewId: string; asOf: Date }[] = await runs
        .createQueryBuilder('run')
        .select('run.view_id', 'viewId')
        .addSelect('max(run.as_of)', 'asOf')
        .where({ viewId: In([...viewIds]), stage: 'COMMITTED', kind: 'LIVE' })
        .groupBy('run.view_id')
        .getRawMany();
      return new Map<string, Instant>(found.map(({ viewId, asOf }) => [viewId, asOf.getTime()]));
    },

    async done(viewId, { from, to }) {
      const found: { asOf: Date; knowledge: Date }[] = await runs
        .createQueryBuilder('run')
        .select('run.as_of', 'asOf')
        .addSelect('max(run.knowledge)', 'knowledge')
        .where({ viewId, stage: 'COMMITTED', asOf: Between(from, to) })
        .groupBy('run.as_of')
        .orderBy('run.as_of')
        .getRawMany();
      return found.map(({ asOf, knowledge }) => ({ asOf: asOf.getTime(), knowledge: knowledge.getTime() }));
    },

    async computed(viewIds, after) {
      const found: RowOfAsOf[] = await dataSource.query(
        `SELECT DISTINCT ON (as_of, view_id) ${AS_OF_COLUMNS}
        FROM materialization_run WHERE stage = 'COMMITTED' AND view_id = ANY($1) AND as_of > $2
        ORDER BY as_of, view_id, knowledge DESC, id DESC`,
        [viewIds, new Date(after)],
      );
      return found.map(asOfOf);
    },

    async newest(viewIds) {
      const found: RowOfAsOf[] = await dataSource.query(
        `SELECT DISTINCT ON (view_id) ${AS_OF_COLUMNS}
        FROM materialization_run WHERE stage = 'COMMITTED' AND view_id = ANY($1)
        ORDER BY view_id, as_of DESC, knowledge DESC, id DESC`,
        [viewIds],
      );
      return found.map(asOfOf);
    },

    unsettled: (viewIds) =>
      runs
        .createQueryBuilder('run')
        .where({ viewId: In([...viewIds]), stage: 'COMMITTED', kind: Not('BACKFILL') })
        .andWhere(
          "(run.counts->>'changed')::bigint > 0 AND cardinality(run.shards_done) < (run.counts->>'shards')::integer",
        )
        .andWhere(`NOT EXISTS (SELECT 1 FROM materialization_run AS later WHERE later.view_id = run.view_id AND later.stage = 'COMMITTED'
          AND later.history_stamp >= run.history_stamp AND later.id <> run.id
          AND cardinality(later.shards_done) >= (later.counts->>'shards')::integer)`)
        .orderBy('run.id')
        .getMany(),

    async republished(viewIds, { asOf, after }) {
      const found: unknown[] = await dataSource.query(
        `SELECT 1 FROM materialization_run WHERE stage = 'COMMITTED' AND kind = 'REPUBLICATION' AND view_id = ANY($1)
          AND as_of <= $2 AND history_stamp > $3 AND (counts->>'changed')::bigint > 0 LIMIT 1`,
        [viewIds, new Date(asOf), new Date(after)],
      );
      return found.length > 0;
    },

    async endsChecked(viewId, before) {
      const found: { asOf: Date | null } | undefined = await runs
        .createQueryBuilder('run')
        .select('max(run.as_of)', 'asOf')
        .where({ viewId, stage: 'COMMITTED', asOf: LessThan(before) })
        .andWhere("run.counts->>'endsChecked' = 'true'")
        .getRawOne();
      return found?.asOf?.getTime() ?? null;
    },

    async pace(viewId) {
      const measured: { rows: string; seconds: string }[] = await dataSource.query(
        `SELECT counts->>'rows' AS rows, counts->>'seconds' AS seconds FROM materialization_run
         WHERE view_id = $1 AND stage = 'COMMITTED' AND counts ? 'seconds' ORDER BY id DESC LIMIT ${RUNS_OF_A_PACE}`,
        [viewId],
      );
      const sum = (values: readonly string[]) => values.reduce((total, value) => total + Number(value), 0);
      return measured.length === 0
        ? null
        : {
            runs: measured.length,
            rows: sum(measured.map(({ rows }) => rows)),
            seconds: sum(measured.map(({ seconds }) => seconds)),
          };
    },
  };
}
