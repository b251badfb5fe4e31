import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DataSource, In, Not } from 'typeorm';
import { RiskgraphError } from '../core/errors.js';
import type { RunLedger, RunRecord } from '../core/ports.js';
import type { Instant } from '../core/time.js';
import { MaterializationRunEntity } from './materialization-run.js';

/** Short against a run, long enough that waiting costs Postgres nothing. */
const LOCK_RETRY_MS = 200;

/** 64 bits of the name's hash: advisory locks are numbers. */
const lockNumber = (viewId: string): string =>
  createHash('sha256').update(`materialize:${viewId}`).digest().readBigInt64BE().toString();

/** Runs in Postgres: where each stands, and the lock that lets one process at a time work on a view. */
export function createRunLedger(dataSource: DataSource): RunLedger {
  const runs = dataSource.getRepository(MaterializationRunEntity);

  return {
    async begin(run) {
      await runs
        .createQueryBuilder()
        .insert()
        .values({ ...run, stage: 'STARTED', shardsDone: [] })
        .orIgnore()
        .execute();
      const { jobId, viewId, asOf } = run;
      return runs.findOneByOrFail({ jobId, viewId, asOf });
    },

    async update(id, change) {
      const { shardsDone, ...rest } = change;
      await runs
        .createQueryBuilder()
        .update()
        .set({ ...rest, ...(shardsDone ? { shardsDone: [...shardsDone] } : {}) })
        .where({ id })
        .execute();
    },

    unfinished: (viewId): Promise<RunRecord[]> =>
      runs.find({ where: { viewId, stage: Not('COMMITTED') }, order: { id: 'ASC' } }),

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

    async withViewLock(viewId, body, signal) {
      const number = lockNumber(viewId);
      // A session's lock: it ends with the connection, so a killed process leaves none behind.
      const session = dataSource.createQueryRunner();
      await session.connect();
      try {
        while (!(await locked(session, number))) {
          if (signal?.aborted) throw cancelledWaiting(viewId);
          await sleep(LOCK_RETRY_MS);
        }
        try {
          return await body();
        } finally {
          await session.query('SELECT pg_advisory_unlock($1::bigint)', [number]).catch(() => undefined);
        }
      } finally {
        await session.release();
      }
    },
  };
}

async function locked(session: { query(sql: string, values: unknown[]): Promise<unknown> }, number: string) {
  const [row] = (await session.query('SELECT pg_try_advisory_lock($1::bigint) AS locked', [number])) as {
    locked: boolean;
  }[];
  return row?.locked === true;
}

const cancelledWaiting = (viewId: string): RiskgraphError =>
  new RiskgraphError({ code: 'CONFLICT', message: `cancelled while another job worked on ${viewId}` });
